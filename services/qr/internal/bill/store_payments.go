package bill

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
)

// readPayments reads the money that came for a bill.
func readPayments(ctx context.Context, db pg.DB, a *account) error {
	rows, err := db.Query(ctx, `select id::text, coalesce(share_id::text, ''), method, reference, amount_cents, tip_cents, taxes, refunded_cents, refund_status,
		refund_reference, refund_cents, refund_failure, received_at from bill_payments where bill_id = $1 order by received_at, id`, a.ID)
	if err == nil {
		a.Payments, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*received, error) {
			r := &received{}
			return r, row.Scan(&r.ID, &r.ShareID, &r.Method, &r.Reference, &r.Amount, &r.Tip, &r.Taxes, &r.Refunded, &r.Refund.Status,
				&r.Refund.Reference, &r.Refund.Amount, &r.Refund.Failure, &r.At)
		})
	}
	if err != nil {
		return fmt.Errorf("read the payments of a bill: %w", err)
	}
	return nil
}

func insertPayment(ctx context.Context, tx pgx.Tx, a *account, r *received) error {
	_, err := tx.Exec(ctx, `insert into bill_payments (id, bill_id, merchant_id, share_id, method, reference, amount_cents, tip_cents, taxes, received_at)
		values ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, $8, $9, $10)`,
		r.ID, a.ID, a.Merchant, r.ShareID, r.Method, r.Reference, r.Amount, r.Tip, r.Taxes, r.At)
	if err != nil {
		return fmt.Errorf("record a payment of a bill: %w", err)
	}
	return nil
}

// recordRefunded stores how much of a payment of a locked bill was given back in total, and by which refund last.
func recordRefunded(ctx context.Context, tx pgx.Tx, id, reference string, all money.Cents) error {
	_, err := tx.Exec(ctx, `update bill_payments set refunded_cents = greatest(refunded_cents, $3),
			refund_status = case when refund_reference = $2 and $2 <> '' then 'completed' else refund_status end
		where id = $1`, id, reference, all)
	if err != nil {
		return fmt.Errorf("store a refund: %w", err)
	}
	return nil
}

// requestRefund stores the refund that is asked for, of a payment of a locked bill.
func requestRefund(ctx context.Context, tx pgx.Tx, r *received) error {
	tag, err := tx.Exec(ctx, `update bill_payments set refund_status = $2, refund_reference = $3, refund_cents = $4, refund_failure = ''
		where id = $1 and refund_status not in ('requested', 'pending')`, r.ID, r.Refund.Status, r.Refund.Reference, r.Refund.Amount)
	if err != nil {
		return fmt.Errorf("store a refund request: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("store a refund request of payment %s: another one is under way", r.ID)
	}
	return nil
}

// RefundAnswered stores the payments service's answer to the request of a refund of a share. An event that has arrived in the meantime takes
// precedence.
func RefundAnswered(ctx context.Context, tx pgx.Tx, shareID, reference string, code errs.Code) error {
	status := refundPending
	if code != "" {
		status = refundFailed
	}
	_, err := tx.Exec(ctx, `update bill_payments set refund_status = $3, refund_failure = $4
		where share_id = $1 and refund_reference = $2 and refund_reference <> '' and refund_status = 'requested'`, shareID, reference, status, string(code))
	if err != nil {
		return fmt.Errorf("store the answer to a refund: %w", err)
	}
	return nil
}

// RefundFailed stores that the refund of a share failed. It ignores any other refund.
func RefundFailed(ctx context.Context, tx pgx.Tx, merchantID, reference, failure string) error {
	_, err := tx.Exec(ctx, `update bill_payments set refund_status = 'failed', refund_failure = $3
		where refund_reference = $2 and refund_reference <> '' and merchant_id = $1 and refund_status <> 'completed'`, merchantID, reference, failure)
	if err != nil {
		return fmt.Errorf("store a failed refund: %w", err)
	}
	return nil
}
