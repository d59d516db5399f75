package transmit

import (
	"context"
	"errors"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/outbound"
)

// breaks makes the live platform fail until its breaker is open.
func (f *fixture) breaks() {
	f.t.Helper()
	f.sender.fails(errDown)
	for range breakAfter {
		if f.modes[true].breaker.Open() {
			f.t.Fatal("open too early")
		}
		f.do(f.add("m_0"))
	}
	if !f.modes[true].breaker.Open() {
		f.t.Fatal("not open")
	}
	f.exec(`delete from transmissions`)
	f.sender.mu.Lock()
	defer f.sender.mu.Unlock()
	f.sender.got = nil
}

func TestAPlatformThatDoesNotAnswerIsProbedOneAtATime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breaks()
	for range 20 {
		f.add("m_1")
	}
	f.pass(f.Engine, true) // right after a failure
	if n := len(f.sender.sent()); n != 0 {
		t.Fatalf("%d probes at once", n)
	}
	for want := 1; want <= 3; want++ {
		f.clock.Advance(probeEvery)
		f.pass(f.Engine, true)
		f.pass(f.Engine, true)
		if n := len(f.sender.sent()); n != want {
			t.Fatalf("%d probes, want %d", n, want)
		}
	}
	f.sender.fails(nil)
	f.clock.Advance(probeEvery)
	// Each pass begins as many as there are free workers; each of them wakes the next pass.
	for sent := len(f.sender.sent()); sent < 20+3; {
		f.pass(f.Engine, true)
		if n := len(f.sender.sent()); n <= sent || n > 20+3 {
			t.Fatalf("sent %d, before this pass %d", n, sent)
		} else {
			sent = n
		}
	}
}

func TestARunningProbeIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breaks()
	f.add("m_1")
	f.add("m_2")
	began, letGo := f.sender.holding()
	f.clock.Advance(probeEvery)
	stop := run(t, f.Engine)
	<-began
	f.clock.Advance(time.Hour)
	if more, err := f.claim(t.Context(), f.modes[true], f.cfg.Workers-1); err != nil || len(more) != 0 {
		t.Errorf("%d more may begin, %v", len(more), err)
	}
	letGo <- nil // it works again: the other one goes, too
	<-began
	letGo <- nil
	stop()
}

func TestDoReturnsAtOnceWhileThePlatformDoesNotAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breaks()
	f.clock.Advance(time.Hour) // it stays open until something arrives
	subject := f.add("m_1")
	if f.do(subject) {
		t.Error("it was tried")
	}
	f.wants(subject, "waiting", 0)
	f.sender.fails(nil)
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 1)
	if !f.do(f.add("m_1")) {
		t.Error("still open")
	}
}

func TestADeadLivePlatformDoesNotSlowTheTestMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	arrived := make(chan Transmission, 1)
	f.sender.then(func(ctx context.Context, t Transmission) error {
		if !t.Livemode {
			arrived <- t
			return nil
		}
		<-ctx.Done() // it hangs
		return ctx.Err()
	})
	for range 20 {
		f.add("m_1")
	}
	test := f.addIn("m_1", false, 0)
	f.Engine = f.engine(Config{Grace: 1})
	stop := run(t, f.Engine)
	<-arrived
	stop()
	f.wants(test, "sent", 1)
	for range breakAfter {
		ticket, _ := f.modes[true].breaker.Enter()
		f.modes[true].breaker.Leave(ticket, outbound.Sick)
	}
	if f.modes[false].breaker.Open() {
		t.Error("the modes share a breaker")
	}
}

// Documents that wait for a mandate say nothing about the platform: they neither close its breaker nor take the probe's turn.
func TestWaitingNeitherClosesTheBreakerNorBlocksTheProbe(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breaks()
	for range 30 {
		f.add("m_1")
	}
	probe := f.add("m_2")
	f.sender.then(func(_ context.Context, t Transmission) error {
		if t.Subject == probe {
			return errDown
		}
		return Wait{Reason: "no mandate", RetryAfter: time.Hour}
	})
	f.clock.Advance(probeEvery)
	for f.row(probe).attempts == 0 {
		if !f.modes[true].breaker.Open() {
			t.Fatal("closed by one that waits")
		}
		before := len(f.sender.sent())
		f.pass(f.Engine, true)
		if len(f.sender.sent()) == before {
			t.Fatal("the turn was used up")
		}
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breaks()
	f.add("m_1")
	f.sender.fails(errors.Join(ErrStop, errDown))
	f.clock.Advance(probeEvery)
	f.pass(f.Engine, true)
	if f.modes[true].breaker.Open() {
		t.Error("still open")
	}
}
