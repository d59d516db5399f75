package operate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var migrations = fstest.MapFS{"0001_inbox.sql": {Data: []byte(`-- +goose Up
create table leadership (job text primary key, holder text not null, epoch bigint not null, expires_at timestamptz not null);
create table consumer_position (consumer text primary key, floor_at timestamptz, last_sequence bigint not null default 0, last_at timestamptz);
create table inbox (
    consumer    text        not null,
    event_id    uuid        not null,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create table effects (
    id       bigint generated always as identity primary key,
    event_id uuid not null
);
`)}}

// fixture is a broker and, once it was started, a consumer that writes a row for each event.
type fixture struct {
	*testing.T
	bus  *bus.Bus
	o    *operate.Operator
	pool *pgxpool.Pool

	mu     sync.Mutex
	refuse error
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, bus: natstest.New(t)}
	o, err := operate.New(f.bus.NC, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	f.o = o
	return f
}

// consume starts a real consumer of payments' events called "tester".
func (f *fixture) consume() {
	f.Helper()
	f.pool, _ = pgtest.New(f.T, "tester", migrations)
	c := consume.New(consume.Config{Name: "tester", Subjects: []string{"eupay.evt.*.payment.>"}}, f.pool, f.bus, f.handle, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	f.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			f.Error(err)
		}
	})
	f.eventually("the consumer is there", func() bool {
		_, err := f.bus.JS.Consumer(f.Context(), bus.Replay, "tester")
		return err == nil
	})
}

func (f *fixture) handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range batch {
		if _, err := tx.Exec(ctx, `insert into effects (event_id) values ($1)`, e.ID); err != nil {
			return fmt.Errorf("insert effect: %w", err)
		}
	}
	return f.refuse
}

func (f *fixture) refusing(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = err
}

func (f *fixture) effects() []string {
	f.Helper()
	rows, err := f.pool.Query(f.Context(), `select event_id::text from effects order by id`)
	if err != nil {
		f.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.Fatal(err)
	}
	return ids
}

// durable makes a consumer by hand, which takes nothing.
func (f *fixture) durable(name string, subjects ...string) {
	f.Helper()
	for stream, filter := range map[string][]string{bus.Events: subjects, bus.Replay: {"eupay.replay." + name + ".>"}} {
		cfg := jetstream.ConsumerConfig{Durable: name, FilterSubjects: filter, AckPolicy: jetstream.AckExplicitPolicy}
		if _, err := f.bus.JS.CreateConsumer(f.Context(), stream, cfg); err != nil {
			f.Fatal(err)
		}
	}
}

func event(kind, merchant string) events.Event {
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{Reference: "PAY-1", Status: "completed", Sequence: 3, Description: "Café"}})
	if err != nil {
		panic(err)
	}
	return events.Event{
		ID: events.NewID(), Type: kind, Source: "payments", Merchant: merchant, Time: time.Now(), Trace: "00-trace", RequestID: "req-1", Data: data,
	}
}

// emit stores events as the relay does.
func (f *fixture) emit(list ...events.Event) {
	f.Helper()
	for _, e := range list {
		if _, err := f.bus.JS.PublishMsg(f.Context(), e.Message(e.Subject())); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *fixture) messages(stream string) (all []*jetstream.RawStreamMsg) {
	f.Helper()
	s, err := f.bus.JS.Stream(f.Context(), stream)
	if err != nil {
		f.Fatal(err)
	}
	state := s.CachedInfo().State
	for seq := max(state.FirstSeq, 1); seq <= state.LastSeq; seq++ {
		m, err := s.GetMsg(f.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func (f *fixture) eventually(what string, holds func() bool) {
	f.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			f.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func ids(list []events.Event) []string {
	var all []string
	for _, e := range list {
		all = append(all, e.ID)
	}
	return all
}

// all asks for everything, at full speed.
func all(consumer string) operate.Replay {
	return operate.Replay{Consumer: consumer, Window: operate.Window{From: 1}, RunID: events.NewID(), Wait: func(context.Context) error { return nil }}
}

// isReader: consumers of the tool itself.
func (f *fixture) readers(stream string) int {
	f.Helper()
	s, err := f.bus.JS.Stream(f.Context(), stream)
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	list := s.ListConsumers(f.Context())
	for info := range list.Info() {
		if info.Config.Durable == "" {
			n++
		}
	}
	if list.Err() != nil {
		f.Fatal(list.Err())
	}
	return n
}

func dead(t *testing.T, f *fixture, subject string, header map[string]string, body []byte) {
	t.Helper()
	m := nats.NewMsg(subject)
	m.Data = body
	for name, value := range header {
		m.Header.Set(name, value)
	}
	if _, err := f.bus.JS.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in the error %v", w, err)
		}
	}
}

func TestEventsAreChosenByTypeModeMerchantAndTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	paid, failed, refund, other := event("payment.completed", "m_1"), event("payment.failed", "m_1"), event("refund.completed", "m_1"), event("payment.completed", "m_2")
	live := event("payment.completed", "m_1")
	live.Livemode = true
	f.emit(paid, failed, refund, other, live)
	second := f.messages(bus.Events)[1].Time
	for name, c := range map[string]struct {
		filter operate.Filter
		window operate.Window
		want   []events.Event
	}{
		"all":            {want: []events.Event{paid, failed, refund, other, live}},
		"one aggregate":  {filter: operate.Filter{Types: []string{"payment.*"}}, want: []events.Event{paid, failed, other, live}},
		"one fact":       {filter: operate.Filter{Types: []string{"*.completed"}, Merchant: "m_1"}, want: []events.Event{paid, refund, live}},
		"two types":      {filter: operate.Filter{Types: []string{"payment.*", "payment.failed", "refund.*"}, Merchant: "m_1", Mode: "test"}, want: []events.Event{paid, failed, refund}},
		"live":           {filter: operate.Filter{Mode: "live"}, want: []events.Event{live}},
		"an id":          {filter: operate.Filter{IDs: []string{refund.ID}}, want: []events.Event{refund}},
		"from":           {window: operate.Window{From: 4}, want: []events.Event{other, live}},
		"since":          {window: operate.Window{Since: second}, want: []events.Event{failed, refund, other, live}},
		"until":          {window: operate.Window{Until: second}, want: []events.Event{paid, failed}},
		"from the end":   {window: operate.Window{From: 99}},
		"of nobody":      {filter: operate.Filter{Merchant: "m_3"}},
		"in the future":  {window: operate.Window{Since: time.Now().Add(time.Hour)}},
		"nothing at all": {filter: operate.Filter{Types: []string{"payment.stalled"}}},
	} {
		var got []string
		err := f.o.Events(t.Context(), c.filter, c.window, false, func(e operate.Event) (bool, error) {
			got = append(got, e.ID)
			if s := e.Summary(); s.Reference != "PAY-1" || s.Status != "completed" || s.Sequence != 3 {
				t.Errorf("%s: summary %+v", name, s)
			}
			return true, nil
		})
		if err != nil || !slices.Equal(got, ids(c.want)) {
			t.Errorf("%s: got %v, want %v, %v", name, got, ids(c.want), err)
		}
	}
	for _, bad := range []operate.Filter{{Types: []string{"payment"}}, {Types: []string{"payment.>"}}, {Merchant: "a.b"}, {Merchant: ">"}, {Mode: "both"}, {IDs: []string{"1"}}} {
		err := f.o.Events(t.Context(), bad, operate.Window{}, false, nil)
		if invalid := operate.Invalid(""); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if n := f.readers(bus.Events); n != 0 {
		t.Errorf("%d readers were left on the stream", n)
	}
}

func TestFollowingContinuesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first, second := event("payment.created", "m_1"), event("payment.completed", "m_1")
	f.emit(first)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var got []string
	err := f.o.Events(ctx, operate.Filter{}, operate.Window{}, true, func(e operate.Event) (bool, error) {
		got = append(got, e.ID)
		switch e.ID {
		case first.ID:
			f.emit(second)
		case second.ID:
			stop()
		}
		return true, nil
	})
	if err == nil || !slices.Equal(got, []string{first.ID, second.ID}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// The broker removes a reader that was idle for long: nothing is lost or repeated.
func TestALostReaderIsCreatedAgainAtItsPosition(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var want []events.Event
	for range 1203 {
		want = append(want, event("payment.completed", "m_1"))
	}
	f.emit(want...)
	var got []string
	err := f.o.Events(t.Context(), operate.Filter{}, operate.Window{}, false, func(e operate.Event) (bool, error) {
		if got = append(got, e.ID); len(got)%400 == 0 {
			f.removeReaders()
		}
		return true, nil
	})
	if err != nil || !slices.Equal(got, ids(want)) {
		t.Errorf("%d events of %d, %v", len(got), len(want), err)
	}
}

func (f *fixture) removeReaders() {
	f.Helper()
	s, err := f.bus.JS.Stream(f.Context(), bus.Events)
	if err != nil {
		f.Fatal(err)
	}
	list := s.ConsumerNames(f.Context())
	for name := range list.Name() {
		if err := s.DeleteConsumer(f.Context(), name); err != nil {
			f.Fatal(err)
		}
	}
	if list.Err() != nil {
		f.Fatal(list.Err())
	}
}

func TestAnEventIsFoundByItsIDAndByItsPlace(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e := event("payment.completed", "m_1")
	f.emit(event("payment.created", "m_1"), e, event("payment.failed", "m_1"))
	byID, err := f.o.EventByID(t.Context(), e.ID, time.Time{}, time.Now())
	if err != nil || byID.ID != e.ID || byID.Sequence != 2 || !strings.Contains(string(byID.Payload()), "Café") || byID.Header.Get(events.HeaderRequestID) != "req-1" {
		t.Errorf("by id: %+v, %v", byID, err)
	}
	byPlace, err := f.o.EventAt(t.Context(), 2)
	if err != nil || byPlace.ID != e.ID {
		t.Errorf("by place: %+v, %v", byPlace, err)
	}
	_, err = f.o.EventByID(t.Context(), e.ID, time.Now().Add(time.Hour), time.Now())
	has(t, err, "look further back")
	_, err = f.o.EventAt(t.Context(), 9)
	has(t, err, "EUPAY_EVENTS holds no message #9: it has #1 to #3")
	unknown := e
	unknown.Type = "order.paid"
	if got := (operate.Event{Event: unknown}); got.Payload() != nil || got.Summary() != (operate.Summary{}) {
		t.Error("a payload of an unknown type was read")
	}
}

func TestABrokerWithoutOurStreamsIsReported(t *testing.T) {
	t.Parallel()
	srv := natstest.Server(t)
	nc, err := nats.Connect(srv.URL(), bus.Secure(identitytest.Load(t, identity.Operator))...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	o, err := operate.New(nc, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.EventAt(t.Context(), 1)
	has(t, err, "EUPAY_EVENTS", "right NATS")
	srv.Stop()
	_, err = o.EventAt(t.Context(), 1)
	has(t, err, "open the stream EUPAY_EVENTS: ")
	_, err = o.Status(t.Context())
	has(t, err, "list the streams: ")
}

func TestStatusShowsTheLagOfEveryConsumer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	f.emit(event("payment.created", "m_1"), event("payment.completed", "m_1"), event("refund.completed", "m_1"))
	cons, err := f.bus.JS.Consumer(t.Context(), bus.Events, "slow")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cons.Next(); err != nil { // delivered, not acknowledged
		t.Fatal(err)
	}
	streams, err := f.o.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range streams {
		names = append(names, s.Name)
		if s.Name != bus.Events {
			continue
		}
		if s.Messages != 3 || s.Bytes == 0 || s.First.IsZero() || s.Last.Before(s.First) || s.MaxAge != 90*24*time.Hour || len(s.Consumers) != 1 {
			t.Errorf("got %+v", s)
		}
		if c := s.Consumers[0]; c.Name != "slow" || c.Lag != 1 || c.AckPending != 1 || c.LastActivity.IsZero() {
			t.Errorf("got %+v", c)
		}
	}
	if !slices.Equal(names, []string{bus.Commands, bus.DeadLetter, bus.Events, bus.Replay}) {
		t.Errorf("got %v", names)
	}
}
