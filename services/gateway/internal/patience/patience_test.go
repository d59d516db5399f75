package patience

import (
	"testing"
	"time"
)

func TestOnlyTheSettingMultipliesAWait(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]time.Duration{-1: time.Second, 0: time.Second, 1: time.Second, 6: 6 * time.Second} {
		if got := Of(With(t.Context(), times), time.Second); got != want {
			t.Errorf("%d times a second is %s, want %s", times, got, want)
		}
	}
	if got := Of(t.Context(), time.Second); got != time.Second {
		t.Errorf("without the setting a second is %s", got)
	}
}
