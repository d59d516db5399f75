package outbound

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"european-pay.eu/eupay/internal/kit/testclock"
)

var usual = BreakerConfig{TripAfter: 20, First: time.Second, Longest: 30 * time.Second}

func tripped(t *testing.T) (*Breaker, *testclock.Clock) {
	t.Helper()
	c := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	b := NewBreaker(usual, c.Now, slog.New(slog.DiscardHandler))
	for range usual.TripAfter {
		ticket, wait := b.Enter()
		if wait != 0 {
			t.Fatal("opened too early")
		}
		b.Leave(ticket, Sick)
	}
	return b, c
}

func TestASuccessBetweenFailuresKeepsTheCircuitClosed(t *testing.T) {
	t.Parallel()
	b := NewBreaker(usual, time.Now, slog.New(slog.DiscardHandler))
	for i := range 10 * usual.TripAfter {
		ticket, wait := b.Enter()
		if wait != 0 {
			t.Fatalf("open after %d calls", i)
		}
		v := Sick
		if i%usual.TripAfter == usual.TripAfter-1 {
			v = Healthy
		}
		b.Leave(ticket, v)
	}
}

func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	b, c := tripped(t)
	if _, wait := b.Enter(); wait != usual.First {
		t.Fatalf("wait %s", wait)
	}
	c.Advance(usual.First)
	probe, wait := b.Enter()
	if wait != 0 {
		t.Fatal("no probe after the cool-down")
	}
	if _, wait := b.Enter(); wait == 0 {
		t.Fatal("two probes")
	}
	b.Leave(probe, Unknown) // its caller gave up
	probe, wait = b.Enter()
	if wait != 0 {
		t.Fatal("no second probe after one that told nothing")
	}
	b.Leave(probe, Healthy)
	for range 3 {
		if _, wait := b.Enter(); wait != 0 {
			t.Fatal("not closed after a good probe")
		}
	}
}

func TestFailedProbesWaitLongerAndLonger(t *testing.T) {
	t.Parallel()
	b, c := tripped(t)
	for _, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		want := time.Duration(seconds) * time.Second
		if _, wait := b.Enter(); wait != want {
			t.Fatalf("wait %s, want %s", wait, want)
		}
		c.Advance(want)
		probe, _ := b.Enter()
		b.Leave(probe, Sick)
	}
}

// A call that began before the circuit opened says nothing about the provider now.
func TestLateResultsDoNotCount(t *testing.T) {
	t.Parallel()
	c := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	b := NewBreaker(usual, c.Now, slog.New(slog.DiscardHandler))
	late, _ := b.Enter()
	for range usual.TripAfter {
		ticket, _ := b.Enter()
		b.Leave(ticket, Sick)
	}
	b.Leave(late, Healthy)
	if _, wait := b.Enter(); wait == 0 {
		t.Fatal("an old success closed the circuit")
	}
	c.Advance(usual.First)
	probe, _ := b.Enter()
	b.Leave(late, Sick)
	if _, wait := b.Enter(); wait != probeWait {
		t.Fatal("an old failure ended the probe")
	}
	b.Leave(probe, Healthy)
}

func TestAnOpenCircuitIsSeen(t *testing.T) {
	t.Parallel()
	c := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	b := NewBreaker(BreakerConfig{Provider: "seen", Mode: "live", TripAfter: 1, First: time.Second, Longest: time.Second}, c.Now, slog.New(slog.DiscardHandler))
	is := func() float64 { return testutil.ToFloat64(breakerOpen.WithLabelValues("seen", "live")) }
	if is() != 0 {
		t.Error("a new breaker is open")
	}
	ticket, _ := b.Enter()
	if b.Leave(ticket, Sick); is() != 1 {
		t.Error("a tripped breaker is closed")
	}
	c.Advance(time.Second)
	probe, _ := b.Enter()
	if b.Leave(probe, Healthy); is() != 0 {
		t.Error("a breaker is open after a good probe")
	}
}
