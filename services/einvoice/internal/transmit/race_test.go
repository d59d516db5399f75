package transmit

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/outbound"
)

func (f *fixture) drop(subject uuid.UUID) bool {
	f.t.Helper()
	ok, err := Drop(context.Background(), f.pool, Document, subject, f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return ok
}

func TestADroppedTransmissionIsNeverSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	for range 2 { // the second one finds it as it wants it
		if !f.drop(subject) {
			t.Error("it was not dropped")
		}
	}
	f.pass(f.Engine, true)
	if ok, err := Restart(t.Context(), f.pool, Document, subject, f.clock.Now()); ok || err != nil || f.do(subject) || len(f.sender.sent()) != 0 {
		t.Error("it was tried", ok, err)
	}
	f.wants(subject, "dropped", 0)
}

func TestNothingIsDroppedOrRestartedDuringAnAttempt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	began, letGo := f.sender.holding()
	stop := run(t, f.Engine)
	<-began
	if f.drop(subject) {
		t.Error("dropped during the attempt")
	}
	if ok, err := Restart(t.Context(), f.pool, Document, subject, f.clock.Now()); ok || err != nil {
		t.Error("restarted during the attempt", err)
	}
	letGo <- nil
	stop()
	f.wants(subject, "sent", 1)
	if f.drop(subject) {
		t.Error("dropped what was sent")
	}
}

// A claim and a drop meet in every order; whoever wins, the other one has lost.
func TestADropRacesWithAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 100 {
		subject := f.add("m_1")
		var mu sync.Mutex
		var dropped, begun bool
		f.sender.then(func(context.Context, Transmission) error {
			mu.Lock()
			defer mu.Unlock()
			begun = true
			if dropped {
				t.Error("an attempt began after the drop")
			}
			return errDown
		})
		var racers sync.WaitGroup
		racers.Go(func() { _, _ = f.Do(context.Background(), Document, subject, true) })
		racers.Go(func() {
			ok, err := Drop(context.Background(), f.pool, Document, subject, f.clock.Now())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			dropped = ok
		})
		racers.Wait()
		f.modes[true].breaker = outbound.NewBreaker(breakerConfig, f.clock.Now, slog.New(slog.DiscardHandler))
		if r := f.row(subject); dropped != (r.state == "dropped") || !dropped && !begun {
			t.Fatalf("dropped %v, begun %v, %+v", dropped, begun, r)
		}
	}
}

// The drop's transaction is open: a worker passes over it, and Do waits and then finds nothing.
func TestAnUncommittedDropBlocksAttempts(t *testing.T) {
	t.Parallel()
	for _, commit := range []bool{true, false} {
		f := setup(t)
		subject := f.add("m_1")
		tx, err := f.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := Drop(t.Context(), tx, Document, subject, f.clock.Now()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		f.pass(f.Engine, true)
		tried := make(chan bool, 1)
		go func() { tried <- f.do(subject) }()
		f.blocked()
		if len(f.sender.sent()) != 0 {
			t.Fatal("sent although it is being dropped")
		}
		end(t, tx, commit)
		if got := <-tried; got == commit {
			t.Errorf("commit %v: Do tried: %v", commit, got)
		}
	}
}

func end(t *testing.T, tx pgx.Tx, commit bool) {
	t.Helper()
	finish := tx.Rollback
	if commit {
		finish = tx.Commit
	}
	if err := finish(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// blocked waits until a statement waits for a lock.
func (f *fixture) blocked() {
	f.t.Helper()
	for n := 0; n == 0; {
		err := f.pool.QueryRow(context.Background(), `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n)
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestADropAfterTheLeaseOfADeadWorker(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	lease := uuid.New()
	due, err := f.claimDue(t.Context(), lease, f.modes[true], 1)
	if err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(f.cfg.Lease - time.Microsecond)
	if f.drop(subject) {
		t.Error("dropped within the lease")
	}
	f.clock.Advance(time.Microsecond)
	if !f.drop(subject) {
		t.Error("not dropped after the lease")
	}
	if err := f.finish(t.Context(), due[0], lease, f.outcomeOf(due[0], nil)); err != nil {
		t.Fatal(err)
	}
	f.wants(subject, "dropped", 1)
}

func TestRestartRacesWithTheEndOfAnAttempt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 50 {
		subject := f.add("m_1")
		f.sender.fails(ErrStop)
		var racers sync.WaitGroup
		racers.Go(func() { f.do(subject) })
		racers.Go(func() {
			if _, err := Restart(context.Background(), f.pool, Document, subject, f.clock.Now()); err != nil {
				t.Error(err)
			}
		})
		racers.Wait()
		if r := f.row(subject); r.lease != nil || r.state != "stopped" && r.state != "waiting" {
			t.Fatalf("%+v", r)
		}
	}
}
