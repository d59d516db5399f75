package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
