package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// healthTask is work on an unhealthy endpoint: disable it (with a reason), end the open deliveries of one that is disabled
// (without), or warn its merchant.
type healthTask struct {
	endpoint     string
	reason       string
	failingSince time.Time
	warn         bool
}

// queueHealthTask queues a task. If the queue is full, the next failure queues it again.
func (e *Engine) queueHealthTask(d healthTask) {
	select {
	case e.healthTasks <- d:
	default:
	}
}

// runHealthTasks runs the tasks one after the other, apart from the writing of results: an endpoint may have a million
// deliveries.
func (e *Engine) runHealthTasks(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-e.healthTasks:
			if err := e.disable(ctx, d); err != nil && ctx.Err() == nil {
				e.log.WarnContext(ctx, "endpoint task failed, its next failure queues it again", "endpoint", d.endpoint, "error", err)
			}
		}
	}
}

func (e *Engine) disable(ctx context.Context, d healthTask) error {
	if d.warn {
		return e.warn(ctx, d.endpoint)
	}
	if d.reason != "" {
		changed, err := e.disableEndpoint(ctx, d)
		if err != nil {
			return err
		}
		if changed {
			disabled.WithLabelValues(d.reason).Inc()
			e.log.InfoContext(ctx, "webhook endpoint disabled", "endpoint", d.endpoint, "reason", d.reason)
			e.announced()
		}
	}
	e.directory.Forget(d.endpoint)
	return e.endOpenDeliveries(ctx, d.endpoint)
}

// disableEndpoint disables the endpoint and announces it, in one transaction.
func (e *Engine) disableEndpoint(ctx context.Context, d healthTask) (changed bool, err error) {
	now := e.now()
	err = pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		c := &eventsv1.WebhookEndpointChanged{EndpointId: d.endpoint, Reason: d.reason, OccurredAt: timestamppb.New(now)}
		if !d.failingSince.IsZero() {
			c.FailingSince = timestamppb.New(d.failingSince)
		}
		var err error
		if changed, err = markDisabled(ctx, tx, c, now); err != nil || !changed {
			return err
		}
		return announce(ctx, tx, "webhook_endpoint.disabled", c, now)
	})
	return changed, err
}

// warnEvery is the minimum interval between warnings to a merchant about an endpoint.
const warnEvery = 24 * time.Hour

// warn announces that a breaker of the endpoint has opened, unless it was announced recently.
func (e *Engine) warn(ctx context.Context, endpointID string) error {
	now, announced := e.now(), false
	err := pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		c := &eventsv1.WebhookEndpointChanged{EndpointId: endpointID, OccurredAt: timestamppb.New(now)}
		tripped, err := readTrippedBreaker(ctx, tx, c)
		if err != nil || !tripped {
			return err
		}
		if announced, err = markWarned(ctx, tx, c, now); err != nil || !announced {
			return err
		}
		return announce(ctx, tx, failingEvent, c, now)
	})
	if announced && err == nil {
		e.announced()
	}
	return err
}

// failingEvent informs a merchant that an endpoint does not accept an event type. It is not sent to that endpoint itself.
const failingEvent = "webhook_endpoint.failing"

func announce(ctx context.Context, tx pgx.Tx, eventType string, c *eventsv1.WebhookEndpointChanged, now time.Time) error {
	data, err := proto.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: eventType, Source: "webhooks", Merchant: c.GetMerchantId(), Livemode: c.GetLivemode(),
		Time: now, Data: data,
	})
}

// endBatch is how many deliveries one transaction ends.
const endBatch = 1000

// endOpenDeliveries marks the open deliveries of a disabled endpoint as missed, in small steps that block nobody.
func (e *Engine) endOpenDeliveries(ctx context.Context, endpointID string) error {
	for {
		n, err := endpoint.Miss(ctx, e.db, endpointID, e.now(), endBatch)
		if err != nil || n == 0 {
			return err
		}
		finished.WithLabelValues(Missed).Add(float64(n))
	}
}
