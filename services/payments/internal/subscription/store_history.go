package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// entry is a row of the history: of the subscription, or of one of its occurrences.
type entry struct {
	Sequence int64
	// Occurrence is 0 for the subscription itself.
	Occurrence                int
	From, To, Detail, Failure string
	At                        time.Time
	why
}

func addHistory(ctx context.Context, tx pg.DB, id string, e entry) error {
	_, err := tx.Exec(ctx, `insert into subscription_history (subscription_id, sequence, occurrence, from_status, to_status, status_detail, failure_code,
		cause, actor, note, occurred_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, e.Sequence, e.Occurrence, e.From, e.To, e.Detail, e.Failure, e.cause, e.actor, e.note, e.At)
	if err != nil {
		return fmt.Errorf("add change %d to the history of subscription %s: %w", e.Sequence, id, err)
	}
	return nil
}

// history returns all changes of a subscription, oldest first.
func history(ctx context.Context, db pg.DB, id string) ([]entry, error) {
	rows, err := db.Query(ctx, `select sequence, occurrence, from_status, to_status, status_detail, failure_code, cause, actor, note, occurred_at
		from subscription_history where subscription_id = $1 order by sequence`, id)
	if err != nil {
		return nil, fmt.Errorf("read the history of subscription %s: %w", id, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e entry, err error) {
		err = row.Scan(&e.Sequence, &e.Occurrence, &e.From, &e.To, &e.Detail, &e.Failure, &e.cause, &e.actor, &e.note, &e.At)
		return e, err
	})
}
