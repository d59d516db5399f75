package charge

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// insertTask records a task that is due at once.
func insertTask(ctx context.Context, tx pgx.Tx, kind, id, orderID, reference string, command []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into payment_tasks (id, kind, order_id, payment_reference, command, due_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $6) on conflict (order_id, kind, payment_reference) do nothing`, id, kind, orderID, reference, command, now)
	if err != nil {
		return fmt.Errorf("record the %s of an order's payment: %w", kind, err)
	}
	return nil
}

// EndCancellation ends the task to cancel a payment that is final.
func EndCancellation(ctx context.Context, tx pgx.Tx, orderID, reference string) error {
	_, err := tx.Exec(ctx, `update payment_tasks set due_at = null, outcome = 'final', command = ''
		where order_id = $1 and kind = 'cancel' and payment_reference = $2 and due_at is not null`, orderID, reference)
	if err != nil {
		return fmt.Errorf("end cancellation: %w", err)
	}
	return nil
}
