package table

import (
	"context"
	"fmt"

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
