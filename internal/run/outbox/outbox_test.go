package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// keep is how long the tests' outboxes keep what was published.
const keep = 50 * time.Hour

type fixture struct {
	t    testing.TB
	bus  *bus.Bus
	pool *pgxpool.Pool
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "sender", os.DirFS("testdata/migrations"))
	return &fixture{t: t, bus: natstest.New(t), pool: pool}
}

func (f *fixture) run() (r *Relay, stop func()) {
	f.t.Helper()
	r = NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return r, stop
}

func event() events.Event {
	return events.Event{
		ID: events.NewID(), Type: "payment.completed", Source: "payments", Merchant: "m_1", Livemode: true,
		Time: time.Date(2026, 6, 17, 12, 25, 30, 123456000, time.UTC), Trace: "00-1-2-01", RequestID: "req_1", Data: []byte("data"),
	}
}

func (f *fixture) add(list ...events.Event) {
	f.t.Helper()
	for _, e := range list {
		if err := Add(f.t.Context(), f.pool, e); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) count(where string) (n int) {
	f.t.Helper()
	if err := f.pool.QueryRow(f.t.Context(), `select count(*) from outbox where `+where).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// stored is what the event stream holds, by id.
func (f *fixture) stored() (ids []string) {
	f.t.Helper()
	s, err := f.bus.JS.Stream(f.t.Context(), bus.Events)
	if err != nil {
		f.t.Fatal(err)
	}
	info := s.CachedInfo()
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && info.State.Msgs > 0; seq++ {
		m, err := s.GetMsg(f.t.Context(), seq)
		if err != nil {
			f.t.Fatal(err)
		}
		ids = append(ids, m.Header.Get(events.HeaderID))
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

func TestAnEventArrivesAsItWasRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e := event()
	f.add(e)
	f.run()
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 1 })
	s, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := events.Parse(m.Subject, m.Header, m.Data)
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", e) || m.Subject != "eupay.evt.live.payment.completed.m_1" {
		t.Errorf("%v\n got %+v on %s\nwant %+v", err, got, m.Subject, e)
	}
}

func TestAnEventOfATransactionThatWasNotCommittedIsNeverSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	giveUp := errors.New("give up")
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		Queue(t.Context(), b, event())
		return errors.Join(tx.SendBatch(t.Context(), b).Close(), Add(t.Context(), tx, event()), giveUp)
	})
	if !errors.Is(err, giveUp) {
		t.Fatal(err)
	}
	kept := event()
	f.add(kept)
	f.run()
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 1 })
	if got := f.stored(); !slices.Equal(got, []string{kept.ID}) {
		t.Errorf("sent %v, want only %s", got, kept.ID)
	}
}

func TestEventsAreSentInOrderBeyondOneBatchAndByOneReplica(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var want []string
	b := &pgx.Batch{}
	for range 2*batchSize + 7 {
		e := event()
		want = append(want, e.ID)
		Queue(t.Context(), b, e)
	}
	if err := f.pool.SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	f.run()
	f.run()
	eventually(t, "all published", func() bool { return f.count("published_at is null") == 0 })
	if got := f.stored(); !slices.Equal(got, want) {
		t.Errorf("sent %d events, want the %d that were recorded in their order", len(got), len(want))
	}
}

func TestANewLeaderSendsRecentEventsAgainAndTheStreamDropsThem(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first, second := event(), event()
	f.add(first)
	_, stop := f.run()
	f.holds("published", first.ID)
	stop()
	f.run()
	f.add(second)
	f.holds("both stored once", first.ID, second.ID)
}

func TestAWakeUpReachesTheLeaderWhereverItRuns(t *testing.T) {
	t.Parallel()
	f := setup(t)
	leading, _ := f.run()
	f.add(event())
	leading.Wake()
	eventually(t, "published", func() bool { return f.count("published_at is null") == 0 })
	// A relay that does not run stands for the follower: its wake-up goes over the wire.
	follower := NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))
	sub, err := f.bus.NC.SubscribeSync(follower.subject())
	if err != nil {
		t.Fatal(err)
	}
	follower.Wake()
	follower.Wake() // never blocks
	if _, err := sub.NextMsg(5 * time.Second); err != nil {
		t.Errorf("no wake-up on the wire: %v", err)
	}
}

// bound makes the broker refuse larger messages.
func (f *fixture) bound(size int32) {
	f.t.Helper()
	s, err := f.bus.JS.Stream(f.t.Context(), bus.Events)
	if err != nil {
		f.t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.MaxMsgSize = size
	if _, err := f.bus.JS.UpdateStream(f.t.Context(), cfg); err != nil {
		f.t.Fatal(err)
	}
}

func TestUnacknowledgedEventsStayInTheOutbox(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.bound(1)
	e := event()
	f.add(e)
	r := NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))
	if stored, err := r.publish(t.Context(), []row{{id: 1, event: e}}); err == nil || len(stored) != 0 {
		t.Fatalf("an event that nobody stored counts as published, %v", err)
	}
	f.run()
	f.bound(-1) // the broker takes it now
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 1 })
	f.holds("once", e.ID)
}
