// Package consume applies events to a service's database, each exactly once in effect: the event's id goes into the
// inbox in the same transaction as its effect, so an event that arrives again changes nothing.
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
package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/leader"
)

// Event is an event as it was delivered.
type Event struct {
	events.Event
	// Replayed: an operator sent it again. Header carries what the operator asked for.
	Replayed bool
	Header   map[string][]string
}

// Handler applies events to the database within tx. It makes no remote call. It gets only events that were not applied
// before, in the order of the stream. When it fails for several events they are handed to it one by one.
type Handler func(ctx context.Context, tx pgx.Tx, batch []Event) error

// Config of a consumer.
type Config struct {
	// Name is the durable's name, and the key of its inbox, replay and dead-letter subjects.
	Name string
	// Subjects it wants, e.g. "eupay.evt.*.payment.>".
	Subjects []string
	// Batch is how many events one transaction takes at most.
	Batch int
	// MaxAttempts is how often an event that the handler refuses is tried before it is parked. Trouble with the
	// database or the broker does not count.
	MaxAttempts uint64
	// AckWait is longer than the longest handler.
	AckWait time.Duration
}

// Consumer is one durable consumer of events.
type Consumer struct {
	cfg      Config
	pool     *pgxpool.Pool
	bus      *bus.Bus
	handle   Handler
	onCommit func()
	log      *slog.Logger
	// refusals counts how often the handler refused an event, by its id. The broker's own count would not do: it also
	// counts deliveries that ended with trouble of the database or a stop of the service.
	refusals map[string]uint64
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
	if onCommit == nil {
		onCommit = func() {}
	}
	return &Consumer{
		cfg: cfg, pool: pool, bus: b, handle: handle, onCommit: onCommit, log: log.With("consumer", cfg.Name),
		refusals: make(map[string]uint64),
	}
}

// drainWait bounds the wait for the subscriptions' end.
const drainWait = 2 * time.Second

// Run consumes until ctx ends, then gives back what it has not handled. Of all replicas one consumes at a time: events
// of one payment that went to two of them could overtake each other.
func (c *Consumer) Run(ctx context.Context) error {
	return leader.Run(ctx, c.pool, "consume "+c.cfg.Name, c.log, c.lead)
}

func (c *Consumer) lead(ctx context.Context) error {
	msgs := make(chan jetstream.Msg, c.cfg.Batch)
	for ctx.Err() == nil {
		stop, err := c.subscribe(ctx, msgs)
		if err != nil {
			c.log.Warn("cannot consume yet", "error", err)
			pause(ctx, 250*time.Millisecond)
			continue
		}
		c.loop(ctx, msgs)
		stop()
		c.giveBackAll(msgs)
	}
	return nil
}

// subscribe makes the durables on the event and replay streams and feeds their messages into msgs. The pull
// subscription recovers by itself from reconnects and from a server that lost its consumers' state.
func (c *Consumer) subscribe(ctx context.Context, msgs chan<- jetstream.Msg) (stop func(), err error) {
	feeds := []struct {
		stream   string
		subjects []string
	}{
		{bus.Events, c.cfg.Subjects},
		{bus.Replay, []string{"eupay.replay." + c.cfg.Name + ".>"}},
	}
	var running []jetstream.ConsumeContext
	// Drain, not Stop: what the subscription has fetched goes through its callback, which gives it back. Otherwise other
	// replicas would get it only after AckWait.
	stopAll := func() {
		for _, r := range running {
			r.Drain()
		}
		for _, r := range running {
			select {
			case <-r.Closed():
			case <-time.After(drainWait):
			}
		}
	}
	for _, f := range feeds {
		cons, err := c.ensure(ctx, f.stream, f.subjects)
		if err != nil {
			stopAll()
			return nil, err
		}
		cc, err := cons.Consume(func(m jetstream.Msg) {
			if ctx.Err() != nil {
				c.giveBack(m)
				return
			}
			select {
			case msgs <- m:
			case <-ctx.Done():
				c.giveBack(m)
			}
		}, jetstream.PullMaxMessages(2*c.cfg.Batch))
		if err != nil {
			stopAll()
			return nil, fmt.Errorf("consume %s: %w", f.stream, err)
		}
		running = append(running, cc)
	}
	return stopAll, nil
}

// ensure makes the durable, or takes it over.
func (c *Consumer) ensure(ctx context.Context, stream string, subjects []string) (jetstream.Consumer, error) {
	cfg := jetstream.ConsumerConfig{
		Durable: c.cfg.Name, FilterSubjects: subjects, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: c.cfg.AckWait, MaxAckPending: 4 * c.cfg.Batch, MaxDeliver: -1,
	}
	if err := c.takeOver(ctx, stream, &cfg); err != nil {
		return nil, fmt.Errorf("take the consumer on %s over: %w", stream, err)
	}
	cons, err := c.bus.JS.CreateOrUpdateConsumer(ctx, stream, cfg)
	if err != nil {
		return nil, fmt.Errorf("ensure consumer on %s: %w", stream, err)
	}
	return cons, nil
}

// takeOver lets the durable begin again where its acknowledgements end, when its last user died with messages in hand:
// the broker would hand those out only after AckWait, and newer ones before them. What comes twice thereby is in the
// inbox. Should this process die in between, the next one reads the whole stream, to the same effect.
func (c *Consumer) takeOver(ctx context.Context, stream string, cfg *jetstream.ConsumerConfig) error {
	old, err := c.bus.JS.Consumer(ctx, stream, c.cfg.Name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	info := old.CachedInfo()
	cfg.DeliverPolicy, cfg.OptStartSeq = info.Config.DeliverPolicy, info.Config.OptStartSeq
	if info.NumAckPending == 0 {
		return nil
	}
	if stream == bus.Events { // a work queue keeps what is not acknowledged, and nothing else
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, info.AckFloor.Stream+1
	}
	return c.bus.JS.DeleteConsumer(ctx, stream, c.cfg.Name)
}

func (c *Consumer) loop(ctx context.Context, msgs chan jetstream.Msg) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-msgs:
			c.process(ctx, c.fill(m, msgs))
		}
	}
}

func (c *Consumer) giveBackAll(msgs <-chan jetstream.Msg) {
	for {
		select {
		case m := <-msgs:
			c.giveBack(m)
		default:
			return
		}
	}
}

// fill takes what is there without waiting, so that a lone event is handled at once and a flood in large batches.
func (c *Consumer) fill(first jetstream.Msg, msgs <-chan jetstream.Msg) []jetstream.Msg {
	batch := []jetstream.Msg{first}
	for len(batch) < c.cfg.Batch {
		select {
		case m := <-msgs:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

func (c *Consumer) process(ctx context.Context, msgs []jetstream.Msg) {
	// A started batch is finished also when the service stops.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.AckWait/2)
	defer cancel()
	batch := make([]Event, 0, len(msgs))
	good := msgs[:0:0]
	for _, m := range msgs {
		e, err := parse(m)
		if err != nil {
			c.park(ctx, m, err)
			continue
		}
		batch, good = append(batch, e), append(good, m)
	}
	if len(batch) == 0 {
		return
	}
	err := c.apply(ctx, batch)
	switch {
	case err == nil:
		for i, m := range good {
			c.settle(ctx, m, batch[i].ID, nil)
		}
	case len(batch) > 1 && !isInfrastructure(err):
		for i := range batch {
			c.settle(ctx, good[i], batch[i].ID, c.apply(ctx, batch[i:i+1]))
		}
	default:
		for i, m := range good {
			c.settle(ctx, m, batch[i].ID, err)
		}
	}
}

func (c *Consumer) apply(ctx context.Context, batch []Event) error {
	applied := false
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		fresh, err := c.record(ctx, tx, batch)
		if err != nil || len(fresh) == 0 {
			return err
		}
		applied = true
		return c.handle(ctx, tx, fresh)
	})
	if err == nil && applied {
		c.onCommit()
	}
	return err
}

// record puts the ids into the inbox and returns the events that were not there.
func (c *Consumer) record(ctx context.Context, tx pgx.Tx, batch []Event) ([]Event, error) {
	ids := make([]string, len(batch))
	for i, e := range batch {
		ids[i] = e.ID
	}
	rows, err := tx.Query(ctx, `insert into inbox (consumer, event_id) select $1, unnest($2::text[])::uuid
		on conflict do nothing returning event_id::text`, c.cfg.Name, ids)
	if err != nil {
		return nil, fmt.Errorf("record events in the inbox: %w", err)
	}
	inserted, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("record events in the inbox: %w", err)
	}
	isNew := make(map[string]bool, len(inserted))
	for _, id := range inserted {
		isNew[id] = true
	}
	fresh := batch[:0:0]
	for _, e := range batch {
		if isNew[e.ID] || e.Redeliver() {
			fresh = append(fresh, e)
			delete(isNew, e.ID) // the same id twice in one batch
		}
	}
	return fresh, nil
}

// HeaderRedeliver marks a replayed event whose effect is wanted again.
const HeaderRedeliver = "eupay-redeliver"

// Redeliver reports whether an operator sent the event again so that it takes effect again.
func (e Event) Redeliver() bool { return e.Replayed && len(e.Header[HeaderRedeliver]) > 0 }

func (c *Consumer) settle(ctx context.Context, m jetstream.Msg, id string, err error) {
	if err == nil {
		delete(c.refusals, id)
		c.ack(m)
		return
	}
	if !isInfrastructure(err) {
		c.refusals[id]++
	}
	if isPoison(err) || c.refusals[id] >= c.cfg.MaxAttempts {
		delete(c.refusals, id)
		c.park(ctx, m, err)
		return
	}
	n := deliveries(m)
	delay := min(time.Second<<min(n, 5), 30*time.Second)
	c.log.Warn("event not applied, trying again", "subject", m.Subject(), "attempt", n, "in", delay, "error", err)
	c.logIf(m.NakWithDelay(delay), "nak event")
}

func (c *Consumer) ack(m jetstream.Msg)      { c.logIf(m.Ack(), "ack event") }
func (c *Consumer) giveBack(m jetstream.Msg) { c.logIf(m.Nak(), "give event back") }

// logIf: a lost ack or nak is harmless, the event comes again and the inbox knows it.
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
