package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestEvent is the type of the event with which a merchant tests an endpoint.
const TestEvent = "webhook_endpoint.test"

// reopenSQL restarts the schedule of finished deliveries whose endpoint is enabled.
const reopenSQL = `update deliveries d set status = 'waiting', attempts_before = d.attempt_count, next_attempt_at = $2,
	claimable_at = $2, finished_at = null, lease_owner = null
from endpoints e where d.id = any($1::uuid[]) and d.status in ('delivered', 'exhausted', 'missed') and d.event_type <> '` + TestEvent + `'
	and e.id = d.endpoint_id and e.enabled and e.deleted_at is null
returning d.endpoint_id::text, d.reference`

// reopen executes it within tx. The reopened deliveries are claimed by the next poll.
func reopen(ctx context.Context, tx pgx.Tx, ids []string, now time.Time) (int, error) {
	rows, err := tx.Query(ctx, `select reference from deliveries where id = any($1::uuid[])`, ids)
	if err != nil {
		return 0, fmt.Errorf("find deliveries to send again: %w", err)
	}
	references, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(references) == 0 {
		return 0, err
	}
	var lanes []lane
	b := &pgx.Batch{}
	queueLocks(b, references)
	b.Queue(reopenSQL, ids, now).Query(func(rows pgx.Rows) error {
		lanes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[lane])
		return err
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("send deliveries again: %w", err)
	}
	if len(lanes) == 0 {
		return 0, nil
	}
	b = &pgx.Batch{}
	queuePromote(b, lanes, now, noLease, nil)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("order deliveries: %w", err)
	}
	return len(lanes), nil
}

// Reopen restarts the schedule of finished deliveries under the same event ids; attempt numbers continue. It skips open
// deliveries and those whose endpoint is disabled or deleted, and returns how many it reopened.
func (e *Engine) Reopen(ctx context.Context, ids []string) (n int, err error) {
	now := e.now()
	err = pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		if n, err = reopen(ctx, tx, ids, now); err != nil {
			return err
		}
		return probeNow(ctx, tx, ids, now)
	})
	e.Wake()
	return n, err
}

// DeliverNow makes an open delivery due now, unless it is being attempted or waits for an older event.
func (e *Engine) DeliverNow(ctx context.Context, id string) error {
	now := e.now()
	err := pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update deliveries set next_attempt_at = $2, claimable_at = $2
			where id = $1 and status = 'pending' and lease_owner is null and next_attempt_at > $2`, id, now)
		if err != nil {
			return fmt.Errorf("make delivery due: %w", err)
		}
		return probeNow(ctx, tx, []string{id}, now)
	})
	e.Wake()
	return err
}

// probeNow ends the pauses of open breakers, because the merchant says that the endpoint works again.
func probeNow(ctx context.Context, db pg.DB, deliveryIDs []string, now time.Time) error {
	_, err := db.Exec(ctx, `update breakers b set paused_until = $2 where b.tripped and b.paused_until > $2
		and (b.endpoint_id, b.event_type) in (select endpoint_id, event_type from deliveries where id = any($1::uuid[]))`, deliveryIDs, now)
	if err != nil {
		return fmt.Errorf("release a probe: %w", err)
	}
	return nil
}

// Test records a webhook_endpoint.test delivery and attempts it immediately and once, even if a breaker is open or the endpoint
// is disabled. It returns the id of the delivery.
func (e *Engine) Test(ctx context.Context, endpointID string) (string, error) {
	now := e.now()
	id := events.NewID()
	body, err := encode(envelope{
		Event: TestEvent, Timestamp: now.Format(time.RFC3339), Sequence: 1, Data: json.RawMessage(`{"endpoint_id":"` + endpointID + `"}`),
	})
	if err != nil {
		return "", err
	}
	h := e.holder(now)
	j := Job{
		ID: id, EndpointID: endpointID, EventID: events.NewID(), EventType: TestEvent, Reference: id, Body: body,
		CreatedAt: now, LeaseUntil: h.until, Lessee: h.owner, Probe: true, Trace: trace.Parent(ctx),
	}
	tag, err := e.db.Exec(ctx, `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body,
			status, created_at, next_attempt_at, claimable_at, lease_owner)
		select $1, e.id, e.merchant_id, e.livemode, $3, $4, $5, 1, $6, 'pending', $7, $7, $8, $9
		from endpoints e where e.id = $2 and e.deleted_at is null for share`,
		j.ID, j.EndpointID, j.EventID, j.EventType, j.Reference, j.Body, now, h.until, h.owner)
	if err != nil {
		return "", fmt.Errorf("record test delivery: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return "", errs.NotFound("Webhook endpoint")
	}
	e.pool.Add(j.EndpointID, j)
	return id, nil
}

// redeliver reopens deliveries of events that an operator replayed for redelivery.
func redeliver(ctx context.Context, tx pgx.Tx, eventIDs []string, now time.Time) (int, error) {
	rows, err := tx.Query(ctx, `select id::text from deliveries where event_id = any($1::uuid[]) and status in ('delivered', 'exhausted', 'missed')`, eventIDs)
	if err != nil {
		return 0, fmt.Errorf("find deliveries of replayed events: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return reopen(ctx, tx, ids, now)
}
