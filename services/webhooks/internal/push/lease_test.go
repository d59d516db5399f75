package push

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/consume"
)

// mustClaim claims in place of another process, which then dies, and wants so many messages.
func (f *fixture) mustClaim(want int) {
	f.t.Helper()
	now := f.clock.Now()
	got, err := claim(context.Background(), f.pool, workers, perMerchant, nil, now, now.Add(leaseTime))
	if err != nil || len(got) != want {
		f.t.Fatalf("claimed %d messages, want %d: %v", len(got), want, err)
	}
}

// handle records an event as the consumer of a process that dies right after the commit.
func (f *fixture) handle(list ...consume.Event) {
	f.t.Helper()
	err := pgx.BeginFunc(context.Background(), f.pool, func(tx pgx.Tx) error { return f.Handle(context.Background(), tx, list) })
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestTheMessageOfAKilledSenderIsTakenOver(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	f.handle(consume.Event{Event: f.event("payment.completed", payment())})
	f.mustClaim(1)
	f.clock.Advance(leaseTime - time.Microsecond)
	f.mustClaim(0)
	f.clock.Advance(time.Microsecond)
	f.run()
	b.next(t)
	f.drained()
}

func TestSendersNeverClaimTheSameMessage(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	f.subscribe("m_1", "u_1", newBrowser(t))
	const n = 500
	var list []consume.Event
	for range n {
		list = append(list, consume.Event{Event: f.event("payment.completed", payment())})
	}
	f.handle(list...)
	now := f.clock.Now()
	claimed := make(chan string, 2*n)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for len(claimed) < n {
				got, err := claim(context.Background(), f.pool, 5, n, nil, now, now.Add(leaseTime))
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range got {
					claimed <- m.ID
				}
			}
		})
	}
	senders.Wait()
	close(claimed)
	seen := make(map[string]bool)
	for id := range claimed {
		if seen[id] {
			t.Errorf("%s was claimed twice", id)
		}
		seen[id] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d messages claimed", len(seen), n)
	}
}

// A sender that was thought dead must not undo what the next one did.
func TestALostLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	f.subscribe("m_1", "u_1", newBrowser(t))
	f.handle(consume.Event{Event: f.event("payment.completed", payment())})
	now := f.clock.Now()
	late, err := claim(t.Context(), f.pool, workers, perMerchant, nil, now, now.Add(leaseTime))
	if err != nil || len(late) != 1 {
		t.Fatal(late, err)
	}
	f.clock.Advance(leaseTime)
	f.mustClaim(1)
	due := f.due()
	if err := postpone(t.Context(), f.pool, late[0], now); err != nil || !f.due().Equal(due) {
		t.Errorf("put off to %v, %v", f.due(), err)
	}
	if err := finish(t.Context(), f.pool, late[0], time.Time{}); err != nil || f.messages() != 1 {
		t.Errorf("deleted, %v", err)
	}
}
