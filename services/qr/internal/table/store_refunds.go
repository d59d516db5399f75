package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
)

// readRefunds returns the refunds of an order, the oldest first: one that completed for each payment, and those of its cancellations.
func readRefunds(ctx context.Context, db pg.DB, orderID string) (refundings, error) {
	list, err := readAll(ctx, db, func(row pgx.CollectableRow) (*refunding, error) {
		r := &refunding{}
		err := row.Scan(&r.Reference, &r.CancellationID, &r.Outside, &r.Amount, &r.Taxes, &r.Status, &r.Failure, &r.Replaced, &r.CreatedAt)
		return r, err
	}, `select reference, coalesce(cancellation_id::text, ''), is_outside, amount_cents, taxes, status, failure, is_replaced, created_at
		from order_refunds where order_id = $1 order by created_at, reference`, orderID)
	if err != nil {
		return nil, fmt.Errorf("read refunds: %w", err)
	}
	return list, nil
}

func insertRefund(ctx context.Context, tx pgx.Tx, o *order, r *refunding) error {
	_, err := tx.Exec(ctx, `insert into order_refunds (reference, order_id, cancellation_id, is_outside, amount_cents, taxes, status, failure, created_at)
		values ($1, $2, nullif($3, '')::uuid, $4, $5, $6, $7, $8, $9)`,
		r.Reference, o.ID, r.CancellationID, r.Outside, r.Amount, splitRows(r.Taxes), r.Status, r.Failure, r.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert refund: %w", err)
	}
	return nil
}

// updateRefund writes the status of a refund of a locked order.
func updateRefund(ctx context.Context, tx pgx.Tx, r *refunding) error {
	_, err := tx.Exec(ctx, `update order_refunds set status = $2, failure = $3 where reference = $1 and status <> 'completed'`, r.Reference, r.Status, r.Failure)
	if err != nil {
		return fmt.Errorf("update refund: %w", err)
	}
	return nil
}

func markReplaced(ctx context.Context, tx pgx.Tx, orderID, reference string) error {
	_, err := tx.Exec(ctx, `update order_refunds set is_replaced = true where order_id = $1 and reference = $2 and not is_replaced`, orderID, reference)
	if err != nil {
		return fmt.Errorf("replace refund: %w", err)
	}
	return nil
}

// updateSummary writes what the locked order says of its refunds.
func updateSummary(ctx context.Context, tx pgx.Tx, o *order) error {
	_, err := tx.Exec(ctx, `update orders set refund_status = $2, refund_reference = $3, refund_cents = $4, refund_failure = $5 where id = $1`,
		o.ID, o.Refund.Status, o.Refund.Reference, o.Refund.Amount, o.Refund.Failure)
	if err != nil {
		return fmt.Errorf("store what is refunded: %w", err)
	}
	return nil
}

// recordRefunded stores how much of the locked order's payment was given back in total, with the summary.
func recordRefunded(ctx context.Context, tx pgx.Tx, o *order, all money.Cents) error {
	o.Refunded = max(o.Refunded, all)
	if _, err := tx.Exec(ctx, `update orders set refunded_cents = greatest(refunded_cents, $2) where id = $1`, o.ID, all); err != nil {
		return fmt.Errorf("store a refund: %w", err)
	}
	return updateSummary(ctx, tx, o)
}

// orderOfRefund returns the merchant's order that a refund belongs to; empty if there is none. Versions before the table of refunds have it in
// the order alone.
func orderOfRefund(ctx context.Context, tx pgx.Tx, merchantID, reference string) (string, error) {
	ids, err := readAll(ctx, tx, pgx.RowTo[string], `select o.id::text from order_refunds r join orders o on o.id = r.order_id where r.reference = $1 and o.merchant_id = $2
		union select id::text from orders where refund_reference = $1 and refund_reference <> '' and merchant_id = $2`, reference, merchantID)
	if err != nil {
		return "", fmt.Errorf("find the order of a refund: %w", err)
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}
