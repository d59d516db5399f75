package due

import (
	"math"
	"testing"
	"time"
)

func TestAPauseDoublesUpToTheLongest(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{
		-1: 2 * time.Second, 0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 6: time.Minute, 7: time.Minute, math.MaxInt: time.Minute,
	} {
		if got := Backoff(2*time.Second, time.Minute, attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
	if got := Backoff(time.Hour, time.Minute, 1); got != time.Minute {
		t.Errorf("a first pause above the longest is %s", got)
	}
	if got := Backoff(1, math.MaxInt64, 64); got <= 0 {
		t.Errorf("it overflows to %d", got)
	}
}
