package dispatch_test

import (
	"slices"
	"testing"

	"european-pay.eu/eupay/sandbox/internal/dispatch"
)

func TestLogRemembersTheNewest(t *testing.T) {
	t.Parallel()
	l := dispatch.Log[int]{Size: 3}
	for n := range 5 {
		l.Add(n)
	}
	if got := l.List(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Error(got)
	}
	if l.Clear(); len(l.List()) != 0 {
		t.Error(l.List())
	}
}
