package delivery

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/events"
)

// This file is a stand-in for the engine's own.

// Missed is the status of what was for a disabled endpoint.
const Missed = "missed"

// TestEvent is the type of the event that a merchant sends to an endpoint to see whether it works.
const TestEvent = "webhook_endpoint.test"

// Reopen begins the schedule of finished deliveries anew.
func (e *Engine) Reopen(ctx context.Context, ids []string) (int, error) {
	tag, err := e.db.Exec(ctx, `update deliveries d set status = 'pending', attempts_before = attempt_count, next_attempt_at = $2, claimable_at = $2,
			finished_at = null
		from endpoints e where d.id = any($1::uuid[]) and d.status in ('delivered', 'exhausted', 'missed') and e.id = d.endpoint_id
		and e.enabled and e.deleted_at is null`, ids, e.now())
	if err != nil {
		return 0, fmt.Errorf("send deliveries again: %w", err)
	}
	e.Wake()
	return int(tag.RowsAffected()), nil
}

// Hasten makes an open delivery due now.
func (e *Engine) Hasten(ctx context.Context, id string) error {
	_, err := e.db.Exec(ctx, `update deliveries set next_attempt_at = $2, claimable_at = $2
		where id = $1 and status = 'pending' and lease_owner is null`, id, e.now())
	if err != nil {
		return fmt.Errorf("hasten delivery: %w", err)
	}
	e.Wake()
	return nil
}

// Test records a webhook_endpoint.test delivery and attempts it once.
func (e *Engine) Test(ctx context.Context, endpointID string) (string, error) {
	now, id := e.now(), events.NewID()
	j := Job{
		ID: id, EndpointID: endpointID, EventID: events.NewID(), EventType: TestEvent, Reference: id, Body: []byte(`{"event":"webhook_endpoint.test"}`),
		Attempts: len(e.cfg.Schedule) - 1, CreatedAt: now, LeaseUntil: e.holder(now).until,
	}
	tag, err := e.db.Exec(ctx, `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body,
			status, attempt_count, created_at, next_attempt_at, claimable_at, lease_owner)
		select $1, e.id, e.merchant_id, e.livemode, $3, $4, $5, 1, $6, 'pending', $10, $7, $7, $8, $9
		from endpoints e where e.id = $2 and e.deleted_at is null`,
		j.ID, j.EndpointID, j.EventID, j.EventType, j.Reference, j.Body, now, j.LeaseUntil, e.owner, j.Attempts)
	if err != nil {
		return "", fmt.Errorf("record test delivery: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return "", errs.NotFound("Webhook endpoint")
	}
	e.pool.Add(j.EndpointID, j)
	return id, nil
}
