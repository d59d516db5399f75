// Package consume applies events to a service's database, each with exactly one effect: the event's id is inserted into the inbox
// in the transaction of its effect, so a redelivered event changes nothing.
//
// A service that uses it has this table in its schema:
//
//	create table inbox (
//	    consumer    text        not null,
//	    event_id    uuid        not null,
//	    received_at timestamptz not null default now(),
//	    primary key (consumer, event_id)
//	);
//	create index inbox_received on inbox (received_at);
//	create table consumer_position (
//	    consumer      text        primary key,
//	    floor_at      timestamptz,
//	    last_sequence bigint      not null default 0,
//	    last_at       timestamptz
//	);
//
// and that of package leader.
package consume

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
)

// Event is an event as delivered.
type Event struct {
	events.Event
	// Replayed is true when an operator sent the event again. Header holds the options of the replay.
	Replayed bool
	Header   map[string][]string

	// Its position in the event stream; 0 for a replayed event.
	sequence uint64
	storedAt time.Time
}

// Handler applies events to the database within tx and makes no remote calls. It receives only events that were not applied
// before, in stream order. If it fails for several events, they are passed to it one by one.
type Handler func(ctx context.Context, tx pgx.Tx, batch []Event) error

// Config of a consumer.
type Config struct {
	// Name is the name of the durable, and the key of its inbox, replay and dead-letter subjects.
	Name string
	// Subjects to consume, such as "eupay.evt.*.payment.>".
	Subjects []string
	// Batch is the maximum number of events per transaction.
	Batch int
	// MaxAttempts is how often an event whose data the database refuses (pg.IsData) is tried before it is parked. After any other
	// error except Poison it is retried without limit: the service may be at fault, and the event must not be lost.
	MaxAttempts uint64
	// InboxKeep is the minimum time for which event ids are kept. Default: two weeks longer than events can be redelivered.
	InboxKeep time.Duration
	// AckWait is longer than the slowest handler.
	AckWait time.Duration
	// Ignores reports that the handler does nothing with an event, whatever the database holds. Such an event is acknowledged without a row in
	// the inbox and, mostly, without a transaction: a repetition of it is ignored too. Default: the handler gets every event.
	Ignores func(Event) bool
	// Lanes is into how many lanes the merchants are divided, which several replicas handle side by side: one of events.LaneNumbers. Default:
	// one, for a consumer that one replica runs at a time.
	Lanes int
}

// Consumer is one durable consumer of events.
type Consumer struct {
	cfg      Config
	pool     *pgxpool.Pool
	bus      *bus.Bus
	handle   Handler
	onCommit func()
	log      *slog.Logger
	// refusals counts how often the handler refused an event, by its id. The broker's count cannot be used: it includes
	// deliveries that failed because of the database or a shutdown.
	refusals map[string]uint64
	// suspected is signalled when the broker may have lost a durable.
	suspected chan struct{}
	// lane is this consumer's, from 0. turn is shared by the lanes of a process, which handle events in turns.
	lane int
	turn *sync.Mutex
	// ignored waits to be acknowledged.
	ignored ignored
}

// New returns a consumer. onCommit is called after each transaction that had an effect; it may be nil.
func New(cfg Config, pool *pgxpool.Pool, b *bus.Bus, handle Handler, onCommit func(), log *slog.Logger) *Consumer {
	if cfg.Batch == 0 {
		cfg.Batch = 200
	}
	if cfg.MaxAttempts == 0 {
		cfg.MaxAttempts = 5
	}
	if cfg.AckWait == 0 {
		cfg.AckWait = 30 * time.Second
	}
	cfg.Lanes = max(cfg.Lanes, 1)
	if onCommit == nil {
		onCommit = func() {}
	}
	return &Consumer{
		cfg: cfg, pool: pool, bus: b, handle: handle, onCommit: onCommit, log: log.With("consumer", cfg.Name),
		refusals: make(map[string]uint64), suspected: make(chan struct{}, 1), turn: new(sync.Mutex),
	}
}

// Run consumes until ctx ends, then returns unhandled events to the broker. Only one replica consumes a lane at a time: if two did,
// events about one payment could overtake each other.
func (c *Consumer) Run(ctx context.Context) error {
	announce(c.cfg.Name)
	if c.cfg.Lanes > 1 {
		return c.runLanes(ctx)
	}
	defer c.expect()()
	return leader.RunFenced(ctx, c.pool, c.job(), c.log, func(ctx context.Context, l *leader.Lease) error {
		if err := c.arrange(ctx, l); err != nil {
			return err
		}
		return c.lead(ctx, l)
	})
}

// expect makes the broker's client watch the durables, until the returned function is called.
func (c *Consumer) expect() (forget func()) {
	var all []func()
	for _, stream := range c.streams() {
		all = append(all, c.bus.Expect(stream, c.durable(stream), c.suspect))
	}
	return func() {
		for _, forget := range all {
			forget()
		}
	}
}

// suspect makes the leader check whether its durables still exist.
func (c *Consumer) suspect() {
	select {
	case c.suspected <- struct{}{}:
	default:
	}
}

func (c *Consumer) lead(ctx context.Context, lease *leader.Lease) error {
	var purging sync.WaitGroup
	defer purging.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.lane == 0 {
		purging.Go(func() { c.purge(ctx) })
	}
	msgs := make(chan jetstream.Msg, c.batch())
	for ctx.Err() == nil {
		sub, err := c.subscribe(ctx, msgs)
		if err != nil {
			c.log.WarnContext(ctx, "cannot consume events, retrying", "error", err)
			pause(ctx, 250*time.Millisecond)
			continue
		}
		c.loop(ctx, lease, msgs, sub)
		c.ignored = ignored{}
		sub.stop()
		c.nakAll(msgs)
	}
	return nil
}

// loop handles messages until ctx ends or the subscription must be renewed.
func (c *Consumer) loop(ctx context.Context, lease *leader.Lease, msgs chan jetstream.Msg, sub *subscription) {
	note := time.NewTicker(noteEvery)
	defer note.Stop()
	reconnects := c.bus.NC.Stats().Reconnects
	for {
		select {
		case <-ctx.Done():
			c.passIgnored(ctx, lease, false)
			return
		case m := <-msgs:
			if !c.process(ctx, lease, c.fill(m, msgs)) {
				pause(ctx, retryEvery)
				return
			}
			continue
		case <-c.ignored.due:
			if !c.passIgnored(ctx, lease, false) {
				pause(ctx, retryEvery)
				return
			}
		case <-sub.ended:
			c.log.WarnContext(ctx, "subscription closed, resubscribing")
			return
		case <-c.suspected:
			if !c.present(ctx) {
				c.log.WarnContext(ctx, "broker lost a consumer, recreating it")
				return
			}
		case <-note.C:
			if now := c.bus.NC.Stats().Reconnects; now != reconnects {
				return // perhaps to a server that has lost recent messages: check again
			}
			if err := c.noteFloor(ctx, sub.events); err != nil {
				c.log.DebugContext(ctx, "position not stored", "error", err)
			}
		}
	}
}

func (c *Consumer) nakAll(msgs <-chan jetstream.Msg) {
	for {
		select {
		case m := <-msgs:
			c.nak(m)
		default:
			return
		}
	}
}

// fill takes the waiting messages without waiting for more, so that a single event is handled at once and a burst in large
// batches.
func (c *Consumer) fill(first jetstream.Msg, msgs <-chan jetstream.Msg) []jetstream.Msg {
	batch := []jetstream.Msg{first}
	for len(batch) < c.batch() {
		select {
		case m := <-msgs:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

// retryEvery is the pause after the database has failed.
const retryEvery = time.Second

// process applies messages. false: the database or the lease has failed, and what was not applied stays unacknowledged. The subscription must
// then be renewed, which starts again after the last acknowledgement: if these messages were handed back one by one, newer ones about the same
// payment would overtake them.
func (c *Consumer) process(ctx context.Context, lease *leader.Lease, msgs []jetstream.Msg) bool {
	c.turn.Lock()
	defer c.turn.Unlock()
	// A batch in progress is completed during shutdown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.AckWait/2)
	defer cancel()
	batch := make([]Event, 0, len(msgs))
	good, others := msgs[:0:0], msgs[:0:0]
	for _, m := range msgs {
		if !c.mine(m) {
			others = append(others, m)
			continue
		}
		e, err := parse(m)
		if err != nil {
			c.park(ctx, m, err)
			continue
		}
		if c.cfg.Ignores != nil && c.cfg.Ignores(e) {
			c.ignore(m, e)
			continue
		}
		batch, good = append(batch, e), append(good, m)
	}
	ok, sealed := c.handleAll(ctx, lease, good, batch, pointOf(others).orLater(pointOf(c.ignored.msgs)))
	if !ok || !c.pass(ctx, lease, others, sealed) {
		return false
	}
	if sealed || len(c.ignored.msgs) >= c.batch() {
		return c.passIgnored(ctx, lease, sealed)
	}
	return true
}

// handleAll is process for the events that the handler gets. sealed: the position passed, of other lanes' and ignored messages, is stored.
func (c *Consumer) handleAll(ctx context.Context, lease *leader.Lease, good []jetstream.Msg, batch []Event, passed point) (ok, sealed bool) {
	if len(batch) == 0 {
		return true, false
	}
	sealed, err := c.apply(ctx, lease, batch, passed)
	switch {
	case err == nil:
		for i, m := range good {
			c.settle(ctx, m, batch[i], nil)
		}
	case isOutage(err):
		c.leave(good, err)
		return false, false
	case len(batch) == 1:
		c.settle(ctx, good[0], batch[0], err)
	default:
		for i := range batch {
			_, err := c.apply(ctx, lease, batch[i:i+1], point{})
			if isOutage(err) {
				c.leave(good[i:], err)
				return false, false
			}
			c.settle(ctx, good[i], batch[i], err)
		}
	}
	return true, sealed
}

// isOutage reports whether an error says nothing about the event: it is tried again until the database has recovered.
func isOutage(err error) bool { return pg.IsInfrastructure(err) || errors.Is(err, leader.ErrDeposed) }

// leave leaves messages unacknowledged.
func (c *Consumer) leave(msgs []jetstream.Msg, err error) {
	settled.WithLabelValues(c.cfg.Name, resultAgain).Add(float64(len(msgs)))
	c.log.Warn("events not applied, retrying", "events", len(msgs), "in", retryEvery, "error", err)
}

func (c *Consumer) settle(ctx context.Context, m jetstream.Msg, e Event, err error) {
	if err == nil {
		delete(c.refusals, e.ID)
		c.applied(e)
		c.ack(m)
		return
	}
	ctx = trace.Within(ctx, m.Headers().Get(events.HeaderTraceparent)) // for the log
	if pg.IsData(err) {
		c.refusals[e.ID]++
	}
	if isPoison(err) || c.refusals[e.ID] >= c.cfg.MaxAttempts {
		delete(c.refusals, e.ID)
		c.park(ctx, m, err)
		return
	}
	n := deliveries(m)
	delay := min(time.Second<<min(n, 5), 30*time.Second)
	settled.WithLabelValues(c.cfg.Name, resultAgain).Inc()
	c.log.WarnContext(ctx, "event not applied, retrying", "subject", m.Subject(), "attempt", n, "in", delay, "error", err)
	c.logIf(m.NakWithDelay(delay), "nak event")
}

func (c *Consumer) ack(m jetstream.Msg) { c.logIf(m.Ack(), "ack event") }
func (c *Consumer) nak(m jetstream.Msg) { c.logIf(m.Nak(), "nak event") }

// logIf logs an error of an ack or nak. Losing one is harmless: the event is redelivered and found in the inbox.
func (c *Consumer) logIf(err error, what string) {
	if err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
		c.log.Debug(what, "error", err)
	}
}

func deliveries(m jetstream.Msg) uint64 {
	meta, err := m.Metadata()
	if err != nil {
		return 1
	}
	return meta.NumDelivered
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
