package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/leader"
)

const (
	batchSize = 500
	// pollEvery bounds the wait for an event whose wake-up was lost.
	pollEvery = 500 * time.Millisecond
	// ackWait bounds one round trip to the broker.
	ackWait = 5 * time.Second
	// keepPublished: JetStream writes to its disk at once but flushes it up to two minutes later. Rows are kept longer
	// than that, and a new leader publishes the recent ones again, so that a power cut of the broker loses nothing. The
	// event stream drops the repeats by their id.
	keepPublished = 10 * time.Minute
	republish     = 5 * time.Minute
)

// Relay publishes the outbox of one service. Of all replicas one at a time works.
type Relay struct {
	pool    *pgxpool.Pool
	bus     *bus.Bus
	service string
	log     *slog.Logger
	wake    chan struct{}
	leading atomic.Bool
}

// NewRelay returns a relay for the outbox in the pool's schema.
func NewRelay(pool *pgxpool.Pool, b *bus.Bus, service string, log *slog.Logger) *Relay {
	return &Relay{pool: pool, bus: b, service: service, log: log, wake: make(chan struct{}, 1)}
}

// Wake tells the leader, wherever it runs, that there is something to publish. It never blocks.
func (r *Relay) Wake() {
	if r.leading.Load() {
		r.poke()
		return
	}
	// Lost when NATS is away; the leader polls anyway.
	if err := r.bus.NC.Publish(r.subject(), nil); err != nil {
		r.log.Debug("wake outbox relay", "error", err)
	}
}

func (r *Relay) subject() string { return "eupay.wake.outbox." + r.service }

func (r *Relay) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run relays until ctx ends.
func (r *Relay) Run(ctx context.Context) error {
	sub, err := r.bus.NC.Subscribe(r.subject(), func(*nats.Msg) { r.poke() })
	if err != nil {
		return fmt.Errorf("subscribe to outbox wake-ups: %w", err)
	}
	err = leader.Run(ctx, r.pool, "outbox:"+r.service, r.log, r.lead)
	return errors.Join(err, sub.Unsubscribe())
}

func (r *Relay) lead(ctx context.Context) error {
	r.leading.Store(true)
	defer r.leading.Store(false)
	if _, err := r.pool.Exec(ctx, `update outbox set published_at = null where published_at > now() - $1::interval`, republish); err != nil {
		return fmt.Errorf("take recent events again: %w", err)
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	purge := time.NewTicker(time.Minute)
	defer purge.Stop()
	for {
		n, err := r.publishBatch(ctx)
		if err != nil {
			return err
		}
		if n == batchSize {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-poll.C:
		case <-purge.C:
			if _, err := r.pool.Exec(ctx, `delete from outbox where published_at < now() - $1::interval`, keepPublished); err != nil {
				return fmt.Errorf("purge outbox: %w", err)
			}
		}
	}
}

// publishBatch publishes the oldest unpublished events and marks those that the broker has stored. Events that it did
// not acknowledge stay for the next round.
func (r *Relay) publishBatch(ctx context.Context) (int, error) {
	ids, batch, err := r.read(ctx)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	futures := make([]jetstream.PubAckFuture, len(batch))
	for i, e := range batch {
		f, err := r.bus.JS.PublishMsgAsync(e.Message(e.Subject()), jetstream.WithStallWait(ackWait))
		if err != nil {
			return 0, fmt.Errorf("publish event %s: %w", e.ID, err)
		}
		futures[i] = f
	}
	stored, err := acknowledged(ctx, ids, futures)
	if len(stored) > 0 {
		_, markErr := r.pool.Exec(ctx, `update outbox set published_at = now() where id = any($1)`, stored)
		err = errors.Join(err, markErr)
	}
	return len(batch), err
}

func (r *Relay) read(ctx context.Context) ([]int64, []events.Event, error) {
	rows, err := r.pool.Query(ctx, `select id, event_id::text, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data
		from outbox where published_at is null order by id limit $1`, batchSize)
	if err != nil {
		return nil, nil, fmt.Errorf("read outbox: %w", err)
	}
	defer rows.Close()
	var (
		ids   []int64
		batch []events.Event
	)
	for rows.Next() {
		var (
			id int64
			e  events.Event
		)
		if err := rows.Scan(&id, &e.ID, &e.Type, &e.Source, &e.Merchant, &e.Livemode, &e.Time, &e.Trace, &e.RequestID, &e.Data); err != nil {
			return nil, nil, fmt.Errorf("scan outbox: %w", err)
		}
		ids, batch = append(ids, id), append(batch, e)
	}
	return ids, batch, rows.Err()
}

func acknowledged(ctx context.Context, ids []int64, futures []jetstream.PubAckFuture) ([]int64, error) {
	deadline := time.NewTimer(ackWait)
	defer deadline.Stop()
	var stored []int64
	for i, f := range futures {
		select {
		case <-f.Ok():
			stored = append(stored, ids[i])
		case err := <-f.Err():
			return stored, fmt.Errorf("publish event: %w", err)
		case <-deadline.C:
			return stored, errors.New("the broker did not acknowledge events in time")
		case <-ctx.Done():
			return stored, ctx.Err()
		}
	}
	return stored, nil
}
