package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

type fixture struct {
	t    testing.TB
	bus  *bus.Bus
	pool *pgxpool.Pool
	cfg  Config

	mu      sync.Mutex
	refuse  func(batch []Event) error
	batches int
	commits int
	seen    map[string]int // how often the handler was given an event
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "consumer", os.DirFS("testdata/migrations"))
	return &fixture{
		t: t, bus: natstest.New(t), pool: pool, seen: make(map[string]int), refuse: func([]Event) error { return nil },
		cfg: Config{Name: "tester", Subjects: []string{"eupay.evt.*.payment.>"}, AckWait: 10 * time.Second},
	}
}

// handle writes one row for each event, and then fails if the test wants that.
func (f *fixture) handle(ctx context.Context, tx pgx.Tx, batch []Event) error {
	for _, e := range batch {
		if _, err := tx.Exec(ctx, `insert into effects (event_id) values ($1)`, e.ID); err != nil {
			return fmt.Errorf("insert effect: %w", err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches++
	for _, e := range batch {
		f.seen[e.ID]++
	}
	return f.refuse(batch)
}

// run starts a consumer; stop ends it.
func (f *fixture) run() (stop func()) {
	c := New(f.cfg, f.pool, f.bus, f.handle, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.commits++
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return stop
}

func event() events.Event {
	return events.Event{ID: events.NewID(), Type: "payment.completed", Source: "payments", Merchant: "m_1", Time: time.Now()}
}

// publish sends an event on subject, its own when empty. The broker's own de-duplication is switched off.
func (f *fixture) publish(e events.Event, subject string, header ...string) {
	f.t.Helper()
	if subject == "" {
		subject = e.Subject()
	}
	m := e.Message(subject)
	m.Header.Del("Nats-Msg-Id")
	for _, h := range header {
		m.Header.Set(h, "1")
	}
	if _, err := f.bus.JS.PublishMsg(f.t.Context(), m); err != nil {
		f.t.Fatal(err)
	}
}

// effects returns the applied events in order; none while a test has made the database unavailable.
func (f *fixture) effects() []string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), `select event_id::text from effects order by id`)
	var ids []string
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil && !pg.IsInfrastructure(err) {
		f.t.Fatal(err)
	}
	return ids
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func (f *fixture) dead() uint64 {
	f.t.Helper()
	s, err := f.bus.JS.Stream(f.t.Context(), bus.DeadLetter)
	if err != nil {
		f.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// outstanding is what the durable still has to do.
func (f *fixture) outstanding() (unread uint64, unacked int) {
	f.t.Helper()
	c, err := f.bus.JS.Consumer(f.t.Context(), bus.Events, f.cfg.Name)
	if err != nil {
		return 1, 1
	}
	return c.CachedInfo().NumPending, c.CachedInfo().NumAckPending
}

func (f *fixture) allAcked() {
	f.t.Helper()
	eventually(f.t, "everything acknowledged", func() bool {
		unread, unacked := f.outstanding()
		return unread == 0 && unacked == 0
	})
}

func TestEachEventIsAppliedOnceInOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.Batch = 10
	var want []string
	for range 50 {
		e := event()
		want = append(want, e.ID)
		f.publish(e, "")
		f.publish(e, "") // the broker delivers a repetition
	}
	stop := f.run()
	eventually(t, "50 effects", func() bool { return len(f.effects()) == 50 })
	f.allAcked()
	if got := f.effects(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("order\n got %v\nwant %v", got, want)
	}
	stop()
	if f.batches == 50 {
		t.Error("a flood was not handled in batches")
	}
	if f.commits == 0 || f.commits > f.batches {
		t.Errorf("%d commits announced for %d batches", f.commits, f.batches)
	}
	// A consumer that starts again on the same durable and one that lost its position both change nothing.
	if err := f.bus.JS.DeleteConsumer(t.Context(), bus.Events, f.cfg.Name); err != nil {
		t.Fatal(err)
	}
	f.run()
	f.allAcked()
	if n := len(f.effects()); n != 50 {
		t.Errorf("%d effects after the stream was read again, want 50", n)
	}
}

func TestOtherSubjectsAreIgnored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := event()
	other.Type = "invoice.created"
	mine := event()
	f.publish(other, "")
	f.publish(mine, "")
	f.run()
	eventually(t, "one effect", func() bool { return len(f.effects()) == 1 })
	f.allAcked()
	if got := f.effects(); got[0] != mine.ID {
		t.Errorf("applied %v", got)
	}
}

func TestAPoisonEventIsParkedAndDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	bad, good := event(), event()
	f.refuse = func(batch []Event) error {
		for _, e := range batch {
			if e.ID == bad.ID {
				return fmt.Errorf("apply: %w", Poison(errors.New("no\nsuch thing")))
			}
		}
		return nil
	}
	f.publish(bad, "")
	f.publish(good, "")
	notUUID := event()
	notUUID.ID = "17"
	f.publish(notUUID, "")
	noHeaders := event()
	noHeaders.Type = ""
	f.publish(noHeaders, "eupay.evt.test.payment.completed.m_1")
	f.run()
	eventually(t, "three dead letters", func() bool { return f.dead() == 3 })
	f.allAcked()
	if got := f.effects(); len(got) != 1 || got[0] != good.ID {
		t.Errorf("applied %v, want only %s", got, good.ID)
	}
	s, err := f.bus.JS.Stream(t.Context(), bus.DeadLetter)
	if err != nil {
		t.Fatal(err)
	}
	var m *jetstream.RawStreamMsg
	for seq := range uint64(3) { // messages that cannot be read are parked before those that were refused
		m, err = s.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Header.Get(events.HeaderID) == bad.ID {
			break
		}
	}
	if m.Header.Get(events.HeaderID) != bad.ID || m.Header.Get(HeaderReason) != "apply: no such thing" || m.Header.Get(HeaderSubject) != bad.Subject() ||
		m.Subject != "eupay.dlq.tester."+bad.Subject()[len("eupay."):] {
		t.Errorf("dead letter on %s: %v", m.Subject, m.Header)
	}
}

func TestAnEventParkedTwiceIsKeptTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refuse = func([]Event) error { return Poison(errors.New("no")) }
	e := event()
	f.publish(e, "")
	f.run()
	eventually(t, "a dead letter", func() bool { return f.dead() == 1 })
	f.publish(e, "eupay.replay.tester.evt.test.payment.completed.m_1")
	eventually(t, "a second dead letter", func() bool { return f.dead() == 2 })
}

func TestARefusedEventIsTriedAgainAndThenParked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.MaxAttempts = 2
	f.refuse = func([]Event) error { return &pgconn.PgError{Code: "23514", Message: "violates check constraint"} }
	e := event()
	f.publish(e, "")
	f.run()
	eventually(t, "a dead letter", func() bool { return f.dead() == 1 })
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[e.ID] != 2 {
		t.Errorf("tried %d times, want 2", f.seen[e.ID])
	}
	if n := len(f.effects()); n != 0 {
		t.Errorf("%d effects of a refused event", n)
	}
}

func TestDatabaseErrorsDoNotCountAsAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.MaxAttempts = 2
	n := 0
	f.refuse = func([]Event) error {
		n++
		switch n {
		case 1, 2:
			return &pgconn.PgError{Code: "57P01", Message: "terminating connection"}
		case 3:
			return &pgconn.PgError{Code: "23514"} // the first refusal: there is one more attempt
		default:
			return nil
		}
	}
	e := event()
	f.publish(e, "")
	f.run()
	eventually(t, "the effect", func() bool { return len(f.effects()) == 1 })
	f.allAcked()
	if f.dead() != 0 {
		t.Error("the event was parked too")
	}
}

// TestAnEventThatTheDatabaseCouldNotTakeIsNotOvertaken: it was handed back for a second, and a newer event about the same payment was applied
// before it.
func TestAnEventThatTheDatabaseCouldNotTakeIsNotOvertaken(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first, second := event(), event()
	failed := false
	f.refuse = func([]Event) error {
		if failed {
			return nil
		}
		failed = true
		f.publish(second, "")
		return &pgconn.PgError{Code: "57P01", Message: "terminating connection"}
	}
	f.publish(first, "")
	f.run()
	eventually(t, "both effects", func() bool { return len(f.effects()) == 2 })
	if got := f.effects(); got[0] != first.ID || got[1] != second.ID {
		t.Errorf("applied %v, want %s before %s", got, first.ID, second.ID)
	}
	f.allAcked()
}

func TestAReplayedEventIsAppliedAgainOnlyOnRequest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e, last := event(), event()
	f.publish(e, "")
	f.run()
	eventually(t, "the effect", func() bool { return len(f.effects()) == 1 })
	const subject = "eupay.replay.tester.evt.test.payment.completed.m_1"
	f.publish(e, subject)
	f.publish(e, subject, HeaderRedeliver)
	f.publish(last, subject)
	eventually(t, "the last effect", func() bool {
		got := f.effects()
		return len(got) > 1 && got[len(got)-1] == last.ID
	})
	if got := f.effects(); len(got) != 3 || got[1] != e.ID {
		t.Errorf("applied %v", got)
	}
	// The header is ignored on the event stream, where any event may carry it.
	f.publish(e, "", HeaderRedeliver)
	f.allAcked()
	if n := len(f.effects()); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}

func TestAStoppedConsumerReturnsUnhandledEventsAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.Batch, f.cfg.AckWait = 20, time.Hour // nobody would get an event that was kept
	const n = 1000
	for range n {
		f.publish(event(), "")
	}
	for round := range 8 {
		stop := f.run()
		eventually(t, "some effects", func() bool { return len(f.effects()) > round*n/20 })
		stop()
	}
	f.run()
	eventually(t, "all effects", func() bool { return len(f.effects()) == n })
	f.allAcked()
}

func TestTwoReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.Batch = 3
	f.run()
	f.run()
	for range 60 {
		f.publish(event(), "")
	}
	eventually(t, "60 effects", func() bool { return len(f.effects()) == 60 })
	f.allAcked()
	if n := len(f.effects()); n != 60 {
		t.Errorf("%d effects, want 60", n)
	}
}
