package delivery

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// Backfill records deliveries of events that the endpoint has not received, a few hundred per call. It skips events that the
// endpoint has received and types that it does not subscribe to, and does nothing if the endpoint is disabled or deleted. It
// returns the number of recorded deliveries.
func (e *Engine) Backfill(ctx context.Context, endpointID string, eventIDs []string) (n int, err error) {
	err = pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		to, ok, err := lockActiveEndpoint(ctx, tx, endpointID)
		if err != nil || !ok {
			return err
		}
		n, err = e.backfill(ctx, tx, to, eventIDs)
		return err
	})
	e.Wake()
	return n, err
}

func (e *Engine) backfill(ctx context.Context, tx pgx.Tx, to endpoint.Endpoint, ids []string) (n int, err error) {
	list, err := eventsOf(ctx, tx, to, ids)
	if err != nil {
		return 0, err
	}
	now := e.now()
	rows, heads := []*row{}, make(map[lane]*row)
	for _, ev := range list {
		as, wanted := endpoint.Announce(to.EventTypes, ev.Type)
		if !wanted || ev.Type == failingEvent && ev.Reference == to.ID {
			continue
		}
		r := &row{merchant: to.Merchant, livemode: to.Livemode, sequence: ev.Sequence, job: Job{
			ID: events.NewID(), EndpointID: to.ID, EventID: ev.ID, EventType: as, Reference: ev.Reference, Body: withType(ev.Body, ev.Type, as), CreatedAt: now,
			Trace: trace.Parent(ctx),
		}}
		r.settle = func(bool) {}
		rows = append(rows, r)
		keepOrder(heads, r)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	before, err := countOf(ctx, tx, to.ID, ids)
	if err != nil {
		return 0, err
	}
	waiting, err := insert(ctx, tx, nil, rows, noLease, now)
	if err != nil {
		return 0, err
	}
	if len(waiting) > 0 { // The event is older than the pending one, or the pending one is finished.
		b := &pgx.Batch{}
		queuePromote(b, waiting, now, noLease, nil)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return 0, fmt.Errorf("order deliveries: %w", err)
		}
	}
	after, err := countOf(ctx, tx, to.ID, ids)
	return after - before, err
}

// withType replaces the event type in a body with the one that the endpoint receives. A body begins with its type.
func withType(body []byte, eventType, as string) []byte {
	if as == eventType {
		return body
	}
	return append([]byte(`{"event":"`+as+`"`), bytes.TrimPrefix(body, []byte(`{"event":"`+eventType+`"`))...)
}
