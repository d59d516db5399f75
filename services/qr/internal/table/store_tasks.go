package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
)

// firstTask is when the next task is due.
const firstTask = `select min(due_at) from payment_tasks where due_at is not null`

// claimTasks claims due tasks with a lease, oldest first.
func claimTasks(ctx context.Context, db pg.DB, now time.Time, lease time.Duration, limit int) ([]task, error) {
	list, err := readAll(ctx, db, func(row pgx.CollectableRow) (task, error) {
		var t task
		err := row.Scan(&t.ID, &t.Kind, &t.OrderID, &t.Reference, &t.Command, &t.Attempts, &t.CreatedAt)
		return t, err
	}, `update payment_tasks set due_at = $2, attempts = attempts + 1
		where id in (select id from payment_tasks where due_at <= $1 order by due_at limit $3 for update skip locked)
		returning id::text, kind, order_id::text, payment_reference, command, attempts, created_at`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim tasks: %w", err)
	}
	return list, nil
}

// postponeTask makes a task due again that has not ended in the meantime.
func postponeTask(ctx context.Context, db pg.DB, id, outcome string, due time.Time) error {
	_, err := db.Exec(ctx, `update payment_tasks set due_at = $3, outcome = $2 where id = $1 and due_at is not null`, id, outcome, due)
	if err != nil {
		return fmt.Errorf("postpone task: %w", err)
	}
	return nil
}

func endTask(ctx context.Context, tx pgx.Tx, id, outcome string) error {
	if _, err := tx.Exec(ctx, `update payment_tasks set due_at = null, outcome = $2, command = '' where id = $1`, id, outcome); err != nil {
		return fmt.Errorf("end task: %w", err)
	}
	return nil
}

// recordRefundAnswer stores the payments service's answer to a refund request. An event that has arrived in the meantime takes
// precedence.
func recordRefundAnswer(ctx context.Context, tx pgx.Tx, orderID string, code errs.Code) error {
	status := refundPending
	if code != "" {
		status = refundFailed
	}
	_, err := tx.Exec(ctx, `update orders set refund_status = $2, refund_failure = $3 where id = $1 and refund_status = 'requested'`, orderID, status, string(code))
	if err != nil {
		return fmt.Errorf("store the answer to a refund: %w", err)
	}
	return nil
}

// recordRefundFailure stores that the refund of an order failed. It ignores any other refund.
func recordRefundFailure(ctx context.Context, tx pgx.Tx, merchantID, reference, failure string) error {
	_, err := tx.Exec(ctx, `update orders set refund_status = 'failed', refund_failure = $3
		where refund_reference = $2 and refund_reference <> '' and merchant_id = $1 and refund_status <> 'completed'`, merchantID, reference, failure)
	if err != nil {
		return fmt.Errorf("store a failed refund: %w", err)
	}
	return nil
}

// recordRefunded stores how much of the locked order's payment was refunded in total, and by which refund last.
func recordRefunded(ctx context.Context, tx pgx.Tx, orderID, reference string, all money.Cents) error {
	_, err := tx.Exec(ctx, `update orders set refunded_cents = greatest(refunded_cents, $3),
			refund_status = case when refund_reference = $2 and $2 <> '' then 'completed' else refund_status end
		where id = $1`, orderID, reference, all)
	if err != nil {
		return fmt.Errorf("store a refund: %w", err)
	}
	return nil
}

// requestRefund stores the refund that was requested for the locked order.
func requestRefund(ctx context.Context, tx pgx.Tx, o *order) error {
	_, err := tx.Exec(ctx, `update orders set refund_status = $2, refund_reference = $3, refund_cents = $4 where id = $1 and refund_status = ''`,
		o.ID, o.Refund.Status, o.Refund.Reference, o.Refund.Amount)
	if err != nil {
		return fmt.Errorf("store a refund request: %w", err)
	}
	return nil
}
