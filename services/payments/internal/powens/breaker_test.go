package powens

import (
	"log/slog"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/testclock"
)

func tripped(t *testing.T) (*breaker, *testclock.Clock) {
	t.Helper()
	c := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	b := newBreaker(c.Now, slog.New(slog.DiscardHandler))
	for range tripAfter {
		ticket, wait := b.enter()
		if wait != 0 {
			t.Fatal("opened too early")
		}
		b.leave(ticket, sick)
	}
	return b, c
}

func TestASuccessBetweenFailuresKeepsTheCircuitClosed(t *testing.T) {
	t.Parallel()
	b := newBreaker(time.Now, slog.New(slog.DiscardHandler))
	for i := range 10 * tripAfter {
		ticket, wait := b.enter()
		if wait != 0 {
			t.Fatalf("open after %d calls", i)
		}
		v := sick
		if i%tripAfter == tripAfter-1 {
			v = healthy
		}
		b.leave(ticket, v)
	}
}

func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	b, c := tripped(t)
	if _, wait := b.enter(); wait != firstCooldown {
		t.Fatalf("wait %s", wait)
	}
	c.Advance(firstCooldown)
	probe, wait := b.enter()
	if wait != 0 {
		t.Fatal("no probe after the cool-down")
	}
	if _, wait := b.enter(); wait == 0 {
		t.Fatal("two probes")
	}
	b.leave(probe, unknown) // its caller gave up
	probe, wait = b.enter()
	if wait != 0 {
		t.Fatal("no second probe after one that told nothing")
	}
	b.leave(probe, healthy)
	for range 3 {
		if _, wait := b.enter(); wait != 0 {
			t.Fatal("not closed after a good probe")
		}
	}
}

func TestFailedProbesWaitLongerAndLonger(t *testing.T) {
	t.Parallel()
	b, c := tripped(t)
	for _, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		want := time.Duration(seconds) * time.Second
		if _, wait := b.enter(); wait != want {
			t.Fatalf("wait %s, want %s", wait, want)
		}
		c.Advance(want)
		probe, _ := b.enter()
		b.leave(probe, sick)
	}
}

// A call that began before the circuit opened says nothing about the provider now.
func TestLateResultsDoNotCount(t *testing.T) {
	t.Parallel()
	c := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	b := newBreaker(c.Now, slog.New(slog.DiscardHandler))
	late, _ := b.enter()
	for range tripAfter {
		ticket, _ := b.enter()
		b.leave(ticket, sick)
	}
	b.leave(late, healthy)
	if _, wait := b.enter(); wait == 0 {
		t.Fatal("an old success closed the circuit")
	}
	c.Advance(firstCooldown)
	probe, _ := b.enter()
	b.leave(late, sick)
	if _, wait := b.enter(); wait != probeWait {
		t.Fatal("an old failure ended the probe")
	}
	b.leave(probe, healthy)
}
