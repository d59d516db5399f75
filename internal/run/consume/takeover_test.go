package consume

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

// publishNew sends n new events and returns their ids.
func (f *fixture) publishNew(n int) (ids []string) {
	f.t.Helper()
	for range n {
		e := event()
		ids = append(ids, e.ID)
		f.publish(e, "")
	}
	return ids
}

// applied waits until these events, and no others, were applied in this order.
func (f *fixture) applied(want []string) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%d effects", len(want)), func() bool { return len(f.effects()) >= len(want) })
	f.allAcked()
	if got := f.effects(); !slices.Equal(got, want) {
		f.t.Fatalf("applied\n got %v\nwant %v", got, want)
	}
}

// dieWith takes n messages from the durable as a process does that dies before it has applied them.
func (f *fixture) dieWith(stream string, n int) {
	f.t.Helper()
	c, err := f.bus.JS.Consumer(f.t.Context(), stream, f.cfg.Name)
	if err != nil {
		f.t.Fatal(err)
	}
	batch, err := c.Fetch(n, jetstream.FetchMaxWait(5*time.Second))
	if err != nil {
		f.t.Fatal(err)
	}
	taken := 0
	for range batch.Messages() {
		taken++
	}
	if taken != n {
		f.t.Fatalf("the dead process had %d messages, want %d", taken, n)
	}
}

// TestUnacknowledgedEventsOfADeadConsumerComeFirst: the broker would keep it for AckWait, an hour here, and hand out what is
// newer before it.
func TestUnacknowledgedEventsOfADeadConsumerComeFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.AckWait = time.Hour
	want := f.publishNew(3)
	stop := f.run()
	f.applied(want)
	stop()
	for range 2 { // a durable that was taken over is taken over again
		want = append(want, f.publishNew(2)...)
		f.dieWith(bus.Events, 2)
		want = append(want, f.publishNew(2)...)
		stop = f.run()
		f.applied(want)
		stop()
		// It begins where it began: the broker refuses to change that, and nothing would be consumed any more.
		want = append(want, f.publishNew(1)...)
		stop = f.run()
		f.applied(want)
		stop()
	}
	for id, n := range f.seen {
		if n != 1 {
			t.Errorf("%s was handled %d times", id, n)
		}
	}
}

// TestUnacknowledgedReplaysOfADeadConsumerComeAtOnce: their stream is a work queue, whose consumers begin at its start.
func TestUnacknowledgedReplaysOfADeadConsumerComeAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.AckWait = time.Hour
	want := f.publishNew(1)
	stop := f.run()
	f.applied(want)
	stop()
	const subject = "eupay.replay.tester.evt.test.payment.completed.m_1"
	replayed := []events.Event{event(), event()}
	for _, e := range replayed {
		f.publish(e, subject)
		want = append(want, e.ID)
	}
	f.dieWith(bus.Replay, 1)
	f.run()
	f.applied(want)
}

// TestOneReplicaAtATimeConsumes: two that consume side by side could let a payment's second event overtake its first.
func TestOneReplicaAtATimeConsumes(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "consumer", os.DirFS("testdata/migrations"))
	f := &fixture{t: t, bus: natstest.New(t), cfg: Config{Name: "tester", Subjects: []string{"eupay.evt.*.payment.>"}, Batch: 2, AckWait: time.Hour}}
	entered, release := make(chan string, 100), make(chan struct{})
	replicas := map[string]*replica{"a": newReplica(f, "a", url, entered, release), "b": newReplica(f, "b", url, entered, release)}
	f.pool = replicas["a"].pool
	goOn := sync.OnceFunc(func() { close(release) })
	t.Cleanup(goOn) // before the replicas are stopped
	want := f.publishNew(6)
	first := <-entered // it has the first event in its hands, and keeps it
	second := map[string]string{"a": "b", "b": "a"}[first]
	tries := replicas[second].asked.Load()
	eventually(t, "the other asks in vain for the lead", func() bool { return replicas[second].asked.Load() >= tries+2 })
	goOn()
	f.applied(want)
	want = append(want, f.publishNew(6)...)
	f.applied(want)
	if n := replicas[second].count(); n != 0 {
		t.Errorf("the second replica handled %d events beside the first", n)
	}
	replicas[first].stop()
	f.pool = replicas[second].pool
	want = append(want, f.publishNew(6)...)
	f.applied(want)
	if n := replicas[second].count(); n != 6 {
		t.Errorf("the second replica handled %d events after the first had stopped, want 6", n)
	}
}

// replica is a consumer with connections of its own.
type replica struct {
	pool  *pgxpool.Pool
	stop  func()
	asked atomic.Int64 // how often it has asked for the lead

	mu      sync.Mutex
	handled int
}

// TraceQueryStart counts the statements that ask for the lead, or whether it is free.
func (r *replica) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(q.SQL, "insert into leadership") || strings.HasPrefix(q.SQL, "select job from leadership") {
		r.asked.Add(1)
	}
	return ctx
}

// TraceQueryEnd does nothing.
func (*replica) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// newReplica runs a consumer that tells its name on entered with each batch, and then waits for release.
func newReplica(f *fixture, name, url string, entered chan<- string, release <-chan struct{}) *replica {
	f.t.Helper()
	plain, err := pg.Open(f.t.Context(), pg.Settings{URL: url, Schema: "consumer"})
	if err != nil {
		f.t.Fatal(err)
	}
	defer plain.Close()
	r, watched := new(replica), plain.Config()
	watched.ConnConfig.Tracer = r
	pool, err := pgxpool.NewWithConfig(f.t.Context(), watched)
	if err != nil {
		f.t.Fatal(err)
	}
	r.pool = pool
	handle := func(ctx context.Context, tx pgx.Tx, batch []Event) error {
		entered <- name
		<-release
		r.mu.Lock()
		r.handled += len(batch)
		r.mu.Unlock()
		for _, e := range batch {
			if _, err := tx.Exec(ctx, `insert into effects (event_id) values ($1)`, e.ID); err != nil {
				return fmt.Errorf("insert effect: %w", err)
			}
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(f.cfg, pool, f.bus, handle, nil, slog.New(slog.DiscardHandler)).Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(func() { r.stop(); pool.Close() })
	return r
}

func (r *replica) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handled
}
