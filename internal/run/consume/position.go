package consume

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/leader"
)

const (
	// noteEvery is how often the position up to which everything is settled is stored, and noteAtRest how often while nothing happens:
	// an older position repeats nothing then. Who erases a person waits until all consumers have noted a position after it, three times.
	noteEvery  = 5 * time.Second
	noteAtRest = 10 * time.Second
	// margin is how much earlier a recreated durable starts. The inbox drops the repeated events, and clocks of brokers differ.
	margin = 10 * time.Minute
)

// begin determines where a missing durable starts. It uses a time instead of a sequence, because a recreated or restored stream
// assigns the same sequences to other events.
func (c *Consumer) begin(ctx context.Context, stream string, cfg *jetstream.ConsumerConfig) error {
	if stream != bus.Events {
		return nil
	}
	floor, err := c.floor(ctx)
	if err != nil {
		return err
	}
	if floor == nil {
		return nil // from the start of the stream
	}
	at := floor.Add(-margin)
	cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &at
	return nil
}

// floor forgets the last position and returns the time up to which everything is settled: that of the lane or, before it has one, that of
// all lanes. nil: unknown.
func (c *Consumer) floor(ctx context.Context) (at *time.Time, err error) {
	// The row is written before the durable is made, because a change of the number of lanes finds the durables by their rows.
	_, err = c.pool.Exec(ctx, `insert into consumer_position (consumer) values ($1)
		on conflict (consumer) do update set last_sequence = 0, last_at = null`, c.position())
	if err == nil {
		err = c.pool.QueryRow(ctx, `select coalesce(max(floor_at) filter (where consumer = $1), max(floor_at)) from consumer_position
			where consumer in ($1, $2)`, c.position(), c.cfg.Name).Scan(&at)
	}
	if err != nil {
		return nil, fmt.Errorf("read the consumer's position: %w", err)
	}
	return at, nil
}

// rewound reports whether the stream no longer holds the last applied event: it has lost recent messages or was recreated.
func (c *Consumer) rewound(ctx context.Context) (bool, error) {
	var (
		last uint64
		at   *time.Time
	)
	err := c.pool.QueryRow(ctx, `select last_sequence, last_at from consumer_position where consumer = $1`, c.position()).Scan(&last, &at)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("read the consumer's position: %w", err)
	}
	if at == nil || last == 0 {
		return false, nil
	}
	stream, err := c.bus.JS.Stream(ctx, bus.Events)
	if err != nil {
		return false, err
	}
	state := stream.CachedInfo().State
	if last > state.LastSeq || last < state.FirstSeq {
		return last > state.LastSeq, nil
	}
	m, err := stream.GetMsg(ctx, last)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil // an operator removed it
	}
	if err != nil {
		return false, err
	}
	return !m.Time.Truncate(time.Microsecond).Equal(at.Truncate(time.Microsecond)), nil
}

// point is a position in the event stream. The zero value is none.
type point struct {
	sequence uint64
	storedAt time.Time
}

func (p point) orLater(other point) point {
	if other.sequence > p.sequence {
		return other
	}
	return p
}

// pointOf returns the point of the last message; none if there is none.
func pointOf(msgs []jetstream.Msg) point {
	if len(msgs) == 0 {
		return point{}
	}
	meta, err := msgs[len(msgs)-1].Metadata()
	if err != nil {
		return point{}
	}
	return point{meta.Sequence.Stream, meta.Timestamp}
}

// seal ends the transaction of a batch: it stores the last position, unless a later one is stored, and fails if another replica has become
// the leader.
func (c *Consumer) seal(ctx context.Context, tx pgx.Tx, lease *leader.Lease, last point) error {
	b := &pgx.Batch{}
	if last.sequence > 0 {
		b.Queue(`insert into consumer_position as p (consumer, last_sequence, last_at) values ($1, $2, $3)
			on conflict (consumer) do update set last_sequence = excluded.last_sequence, last_at = excluded.last_at
			where p.last_sequence < excluded.last_sequence`, c.position(), last.sequence, last.storedAt)
	}
	lease.QueueFence(b)
	return tx.SendBatch(ctx, b).Close()
}

// noteFloor stores the time up to which all stored events are settled.
func (c *Consumer) noteFloor(ctx context.Context, events jetstream.Consumer) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	info, err := events.Info(ctx)
	if err != nil {
		return err
	}
	at := info.TimeStamp // nothing is pending: everything stored before this answer of the broker is settled
	if info.NumPending > 0 || info.NumAckPending > 0 {
		if at, err = c.storedAt(ctx, info.AckFloor.Stream); err != nil {
			return err
		}
	}
	_, err = c.pool.Exec(ctx, `insert into consumer_position (consumer, floor_at) values ($1, $2)
		on conflict (consumer) do update set floor_at = excluded.floor_at`, c.position(), at)
	if err == nil && c.cfg.Lanes > 1 {
		err = c.noteAll(ctx)
	}
	return err
}

func (c *Consumer) storedAt(ctx context.Context, sequence uint64) (time.Time, error) {
	stream, err := c.bus.JS.Stream(ctx, bus.Events)
	if err != nil {
		return time.Time{}, err
	}
	m, err := stream.GetMsg(ctx, sequence)
	if err != nil {
		return time.Time{}, err
	}
	return m.Time, nil
}
