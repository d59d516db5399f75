package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/leader"
)

// lead returns the term of a leader that the test moves by hand.
func (f *fixture) lead() *term {
	f.t.Helper()
	leases, done := make(chan *leader.Lease, 1), make(chan error, 1)
	relay := NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))
	go func() {
		done <- leader.RunFenced(f.t.Context(), f.pool, "outbox:sender", relay.log, func(ctx context.Context, l *leader.Lease) error {
			leases <- l
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	f.t.Cleanup(func() {
		if err := <-done; err != nil {
			f.t.Error(err)
		}
	})
	return &term{Relay: relay, lease: <-leases}
}

// TestAnEventThatWasCommittedLateIsNotOvertaken: its id is smaller than those that are on their way already, and the next event of its
// payment is read together with it.
func TestAnEventThatWasCommittedLateIsNotOvertaken(t *testing.T) {
	t.Parallel()
	f := setup(t)
	late, next := event(), event()
	tx, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if err := Add(t.Context(), tx, late); err != nil {
		t.Fatal(err)
	}
	f.fill(batchSize + 1)
	flow := flow{term: f.lead()}
	first, err := flow.next(t.Context())
	if err != nil || len(first) != batchSize {
		t.Fatalf("%d events, %v", len(first), err)
	}
	flow.marking = first[:100]
	for _, r := range first[100:] {
		flow.waiting = append(flow.waiting, sent{row: r})
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.add(next)
	second, err := flow.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(second) != 3 || second[0].event.ID != late.ID || second[2].event.ID != next.ID {
		t.Errorf("%d events after the first batch: want the late one, the one that was left and the new one", len(second))
	}
}

// TestEventsThatWereStoredButNotMarkedAreStoredOnce: the process died in between, with two batches on their way.
func TestEventsThatWereStoredButNotMarkedAreStoredOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(3 * batchSize)
	flow := flow{term: &term{Relay: NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))}}
	for range 2 {
		batch, err := flow.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list, err := flow.sendAll(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		flow.waiting = append(flow.waiting, list...)
	}
	if stored, err := acknowledged(t.Context(), flow.waiting); err != nil || len(stored) != 2*batchSize {
		t.Fatalf("%d stored, %v", len(stored), err)
	}
	f.run()
	eventually(t, "all published", func() bool { return f.count("published_at is null") == 0 })
	if got := f.stored(); !slices.Equal(got, f.recorded()) {
		t.Errorf("the stream has %d events, want the %d that were recorded in their order", len(got), 3*batchSize)
	}
	if n := f.count("sequence <> id"); n != 0 {
		t.Errorf("%d events are marked with another place than theirs", n)
	}
}

// recorded is what the outbox holds, by id.
func (f *fixture) recorded() []string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), `select event_id::text from outbox order by id`)
	if err != nil {
		f.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return ids
}

// TestOneBatchIsMarkedWhileTheNextIsOnItsWay.
func TestOneBatchIsMarkedWhileTheNextIsOnItsWay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(3 * batchSize)
	flow := flow{term: f.lead()}
	if err := flow.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		batch, err := flow.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := flow.publish(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if len(flow.marking) != batchSize || len(flow.waiting) != batchSize {
		t.Errorf("%d are being marked and %d on their way, want %d each", len(flow.marking), len(flow.waiting), batchSize)
	}
	if err := flow.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.count("published_at is not null"); n != 2*batchSize {
		t.Errorf("%d are marked, want %d", n, 2*batchSize)
	}
}

// TestNothingIsSentAfterARefusedEvent beyond its batch: it could overtake an event about the same payment.
func TestNothingIsSentAfterARefusedEvent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(2 * batchSize)
	f.exec(`update outbox set data = convert_to(repeat('x', 8000), 'UTF8') where id = $1`, batchSize)
	f.bound(4000)
	flow := flow{term: f.lead()}
	if err := flow.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []bool{false, true} {
		batch, err := flow.next(t.Context())
		if err != nil || len(batch) != batchSize {
			t.Fatalf("%d events, %v", len(batch), err)
		}
		if err := flow.publish(t.Context(), batch); (err != nil) != refused {
			t.Errorf("published with %v", err)
		}
	}
	if err := flow.finish(t.Context()); err != nil {
		t.Error(err)
	}
	if got, want := f.stored(), f.recorded()[:batchSize-1]; !slices.Equal(got, want) {
		t.Errorf("%d events are stored, want the %d before the refused one", len(got), len(want))
	}
	if n := f.count("published_at is not null"); n != batchSize-1 {
		t.Errorf("%d are marked", n)
	}
}

func TestRangesHoldTheIDs(t *testing.T) {
	t.Parallel()
	for want, ids := range map[string][]int64{
		"{}": nil, "{[7,7]}": {7}, "{[1,3]}": {3, 1, 2}, "{[1,2],[4,4],[9,10]}": {9, 10, 4, 1, 2},
	} {
		if got := ranges(ids); got != want {
			t.Errorf("%v: %s, want %s", ids, got, want)
		}
	}
}

// TestANewEventDoesNotWaitUntilOthersAreMarked: it is sent as soon as the relay is woken.
func TestANewEventDoesNotWaitUntilOthersAreMarked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(2)
	flow := flow{term: f.lead()}
	if err := flow.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx, err := f.pool.Begin(t.Context()) // the two cannot be marked
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `select from outbox for update`); err != nil {
		t.Fatal(err)
	}
	step := func(want int) {
		t.Helper()
		batch, err := flow.next(t.Context())
		if err == nil {
			err = flow.publish(t.Context(), batch)
		}
		if err != nil || len(batch) != want {
			t.Fatalf("%d events sent, want %d: %v", len(batch), want, err)
		}
	}
	step(2)
	f.add(event())
	flow.poke()
	if woken, err := flow.woken(t.Context()); !woken || err != nil {
		t.Fatalf("woken %t, %v", woken, err)
	}
	step(1)
	if err := flow.acknowledge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, marked := len(f.stored()), f.count("published_at is not null"); got != 3 || marked != 0 {
		t.Errorf("%d events are in the stream, %d are marked; want 3 and none", got, marked)
	}
	step(0) // all are on their way
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := flow.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.count("published_at is not null and sequence = id"); n != 3 {
		t.Errorf("%d are marked, want 3", n)
	}
}

// TestNewEventsLeaveTurnsToRepeats: however many come, what the broker has lost is not sent last.
func TestNewEventsLeaveTurnsToRepeats(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(2)
	term := f.lead()
	if err := term.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	term.pos.after, term.pos.until = 0, 2
	term.poke()
	if more, err := term.publishNew(t.Context()); more || err != nil {
		t.Fatalf("more %t, %v", more, err)
	}
	if len(term.wake) != 1 {
		t.Error("the next new events came before the repeats")
	}
}

func TestAFormerLeaderMarksNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(1)
	term := f.lead()
	f.exec(`update leadership set epoch = epoch + 1`)
	if err := term.mark(t.Context(), []row{{id: 1, sequence: 1}}); !errors.Is(err, leader.ErrDeposed) {
		t.Errorf("got %v", err)
	}
	if err := term.save(t.Context(), position{created: time.Now(), until: 7}); !errors.Is(err, leader.ErrDeposed) {
		t.Errorf("got %v", err)
	}
	var positions int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from outbox_position`).Scan(&positions); err != nil {
		t.Fatal(err)
	}
	if n := f.count("published_at is not null"); n != 0 || positions != 0 {
		t.Errorf("%d events are marked and %d positions stored by a former leader", n, positions)
	}
}
