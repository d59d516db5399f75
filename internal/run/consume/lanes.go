package consume

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/leader"
)

func (c *Consumer) job() string { return "consume " + c.cfg.Name }

// streams are those that this lane consumes: all replays go through the first.
func (c *Consumer) streams() []string {
	if c.lane > 0 {
		return []string{bus.Events}
	}
	return []string{bus.Events, bus.Replay}
}

// durable returns the name of this lane's durable on a stream.
func (c *Consumer) durable(stream string) string {
	if stream == bus.Replay {
		return c.cfg.Name
	}
	return c.position()
}

// position is the key of this lane in consumer_position, which is the name of its durable on the event stream.
func (c *Consumer) position() string { return events.Durables(c.cfg.Name, c.cfg.Lanes)[c.lane] }

// batch is how many messages are taken at once: of all lanes as many as one transaction has of its own.
func (c *Consumer) batch() int { return c.cfg.Batch * c.cfg.Lanes }

// mine reports whether a message is handled by this lane. The merchant is the last word of its subject, also of a message that cannot
// be read.
func (c *Consumer) mine(m jetstream.Msg) bool {
	if c.cfg.Lanes == 1 || strings.HasPrefix(m.Subject(), "eupay.replay.") {
		return true
	}
	subject := m.Subject()
	return events.LaneOf(subject[strings.LastIndexByte(subject, '.')+1:], c.cfg.Lanes) == c.lane
}

// pass acknowledges messages of other lanes. Their position is stored first, unless it is sealed already: should the stream lose its end,
// what takes their place may be this lane's. false: the database or the lease has failed, as for process.
func (c *Consumer) pass(ctx context.Context, lease *leader.Lease, msgs []jetstream.Msg, sealed bool) bool {
	if len(msgs) > 0 && !sealed {
		err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error { return c.seal(ctx, tx, lease, pointOf(msgs)) })
		if err != nil {
			c.leave(msgs, err)
			return false
		}
	}
	for _, m := range msgs {
		c.ack(m)
	}
	return true
}

// runLanes competes with the other replicas for the lanes.
func (c *Consumer) runLanes(ctx context.Context) error {
	return leader.RunLanes(ctx, c.pool, c.log, leader.Lanes{
		Job: c.job(), Number: c.cfg.Lanes, Prepare: c.arrange,
		Lead: func(ctx context.Context, lane int, l *leader.Lease) error {
			one := *c
			one.lane, one.refusals, one.suspected = lane, make(map[string]uint64), make(chan struct{}, 1)
			one.log = c.log.With("lane", lane+1)
			defer one.expect()()
			return one.lead(ctx, l)
		},
	})
}

// arrange deletes the durables of every other number of lanes, while nobody consumes. Those of this number begin at the time up to which
// everything was settled, which the database knows: if this process dies halfway, nothing is lost.
func (c *Consumer) arrange(ctx context.Context, lease *leader.Lease) error {
	old, err := c.others(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, 2*askLimit)
	defer cancel()
	for _, name := range old {
		err := c.bus.JS.DeleteConsumer(limit, bus.Events, name)
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("delete the consumer %s: %w", name, err)
		}
	}
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		// The row of the consumer's name stays: it has the time for all.
		if _, err := tx.Exec(ctx, `delete from consumer_position where consumer = any($1) and consumer <> $2`, old, c.cfg.Name); err != nil {
			return fmt.Errorf("forget the positions of former lanes: %w", err)
		}
		return lease.Fence(ctx, tx)
	})
}

// others returns the durables of other numbers of lanes that may exist. The broker is not asked for names that were never used: before
// lanes are set its permissions need not have them.
func (c *Consumer) others(ctx context.Context) ([]string, error) {
	own := events.Durables(c.cfg.Name, c.cfg.Lanes)
	possible := make(map[string]bool)
	for _, n := range events.LaneNumbers {
		for _, name := range events.Durables(c.cfg.Name, n) {
			possible[name] = true
		}
	}
	for _, name := range own {
		delete(possible, name)
	}
	var names []string
	for name := range maps.Keys(possible) {
		names = append(names, name)
	}
	rows, err := c.pool.Query(ctx, `select consumer from consumer_position where consumer = any($1)`, names)
	if err != nil {
		return nil, fmt.Errorf("read the positions of former lanes: %w", err)
	}
	used, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the positions of former lanes: %w", err)
	}
	return used, nil
}

// noteAll stores the time up to which all lanes have settled everything, once each lane has one.
func (c *Consumer) noteAll(ctx context.Context) error {
	_, err := c.pool.Exec(ctx, `insert into consumer_position as p (consumer, floor_at)
		select $1, min(floor_at) from consumer_position where consumer = any($2) and floor_at is not null having count(*) = $3
		on conflict (consumer) do update set floor_at = greatest(p.floor_at, excluded.floor_at)`,
		c.cfg.Name, events.Durables(c.cfg.Name, c.cfg.Lanes), c.cfg.Lanes)
	return err
}
