package delivery

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAWaitIsNeverShorterThanTheSchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		attempts, jitter := rapid.IntRange(0, 4).Draw(r, "attempts"), rapid.Float64Range(0, 1).Draw(r, "jitter")
		wait, ok := DefaultSchedule.next(attempts, jitter)
		least := DefaultSchedule[attempts]
		if !ok || wait < least || wait > least+time.Duration(float64(least)*jitter) {
			r.Errorf("wait %v after %d attempts, documented %v", wait, attempts, least)
		}
	})
	if _, ok := DefaultSchedule.next(5, 0); ok {
		t.Error("a sixth attempt")
	}
	distinct := make(map[time.Duration]bool)
	for range 100 {
		wait, _ := DefaultSchedule.next(3, 0.1)
		distinct[wait] = true
	}
	if len(distinct) < 50 {
		t.Errorf("100 waits had %d values: they come back together", len(distinct))
	}
}

func TestAttemptsOfALimitedEndpointAreSpacedEvenly(t *testing.T) {
	t.Parallel()
	p, now := newPacer(), time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	if p.wait("a", 4, now) != 0 || p.wait("b", 4, now) != 0 {
		t.Error("the first attempt of an endpoint waits")
	}
	if got := p.wait("a", 4, now.Add(100*time.Millisecond)); got != 150*time.Millisecond {
		t.Errorf("the second waits %v", got)
	}
	if p.wait("a", 4, now.Add(250*time.Millisecond)) != 0 {
		t.Error("it waits when its time has come")
	}
	if p.wait("a", 0, now.Add(251*time.Millisecond)) != 0 {
		t.Error("it waits although the limit was removed")
	}
}
