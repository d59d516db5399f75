package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// recordTerms writes the terms of a new order that has some.
func recordTerms(ctx context.Context, tx pgx.Tx, o *order) error {
	t := o.terms
	if t.PickupAt == nil && t.CodeID == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `update orders set pickup_at = $2, pickup_slot = $3, promotion_id = nullif($4, '')::uuid, promotion_code = $5 where id = $1`,
		o.ID, t.PickupAt, t.Slot, t.CodeID, t.Code)
	if err != nil {
		return fmt.Errorf("record the terms of an order: %w", err)
	}
	return nil
}

// unpaidIn counts the unpaid orders of a table in a slot. The orders of a merchant are serialised, so the count is exact.
func unpaidIn(ctx context.Context, tx pgx.Tx, tableID string, slot time.Time) (n int64, err error) {
	err = tx.QueryRow(ctx, `select count(*) from orders where table_id = $1 and paid_at is null and status in ('awaiting_payment', 'received') and pickup_slot = $2`,
		tableID, slot).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the unpaid orders in a slot: %w", err)
	}
	return n, nil
}
