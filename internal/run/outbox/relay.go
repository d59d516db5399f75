package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/leader"
)

const (
	batchSize = 500
	// repeatSize is small, because repeats are interleaved with new events.
	repeatSize = 100
	// pollEvery is the maximum delay of an event whose wake-up was lost.
	pollEvery = 2 * time.Second
	// checkEvery is how often the relay verifies that the stream is still the one it published to.
	checkEvery = 2 * time.Second
	// ackWait is the deadline of one round trip to the broker.
	ackWait = 5 * time.Second
	// republish covers a power cut of the broker: JetStream writes to its disk at once but flushes up to two minutes later. A new
	// leader republishes the last minutes, so that losses which the check cannot detect are repaired. The stream drops duplicates
	// by their id.
	republish = 5 * time.Minute
	// purgeStep is how many rows one statement deletes.
	purgeStep = 5000
)

// Relay publishes the outbox of one service. Only one replica publishes at a time.
type Relay struct {
	pool    *pgxpool.Pool
	bus     *bus.Bus
	service string
	keep    time.Duration
	log     *slog.Logger
	wake    chan struct{}
	leading atomic.Bool
	// measures and forget are those of Measure; they may be nil.
	measures func(context.Context) error
	forget   func()
}

// NewRelay returns a relay for the outbox in the pool's schema. Events are kept for that long after they were published, in case
// the broker loses them. Every inbox must keep event ids for longer.
func NewRelay(pool *pgxpool.Pool, b *bus.Bus, service string, keep time.Duration, log *slog.Logger) *Relay {
	return &Relay{pool: pool, bus: b, service: service, keep: max(keep, 2*republish), log: log, wake: make(chan struct{}, 1)}
}

// Wake notifies the leader, on whichever replica, that there are events to publish. It never blocks.
func (r *Relay) Wake() {
	if r.leading.Load() {
		r.poke()
		return
	}
	// Lost without a connection to NATS; the leader polls anyway.
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
	err = leader.RunFenced(ctx, r.pool, "outbox:"+r.service, r.log, r.lead)
	return errors.Join(err, sub.Unsubscribe())
}

func (r *Relay) lead(ctx context.Context, lease *leader.Lease) error {
	r.leading.Store(true)
	defer r.leading.Store(false)
	measuring, measured := context.WithCancel(ctx)
	var meter sync.WaitGroup
	defer func() {
		measured()
		meter.Wait()
		r.unmeasure()
	}()
	meter.Go(func() { due.Every(measuring, measureEvery, "measuring the outbox", r.log, r.measure) })
	t := &term{Relay: r, lease: lease}
	poll, purge := time.NewTicker(pollEvery), time.NewTicker(time.Minute)
	defer poll.Stop()
	defer purge.Stop()
	failing := false
	for {
		more, err := t.round(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, leader.ErrDeposed):
			return err
		case err != nil && !failing:
			r.log.Warn("events not published, retrying", "error", err)
		}
		if failing = err != nil; more && !failing {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-poll.C:
		case <-purge.C:
			if err := r.purge(ctx); err != nil {
				r.log.Warn("outbox not purged", "error", err)
			}
		}
	}
}

// purge deletes events that were published long ago.
func (r *Relay) purge(ctx context.Context) error {
	for {
		tag, err := r.pool.Exec(ctx, `delete from outbox where id in (
			select id from outbox where published_at < now() - $1::interval order by published_at limit $2)`, r.keep, purgeStep)
		if err != nil {
			return fmt.Errorf("purge outbox: %w", err)
		}
		if tag.RowsAffected() < purgeStep {
			return nil
		}
	}
}
