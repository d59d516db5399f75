package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
)

// insertTie makes a new invoice follow its payment. It is due at once: something may have been cancelled since the order was read.
func insertTie(ctx context.Context, tx pgx.Tx, r *Record, paid money.Cents) error {
	_, err := tx.Exec(ctx, `insert into auto_credits (invoice_id, merchant_id, livemode, payment_reference, paid_cents, due_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $6)`, r.ID, r.MerchantID, r.Livemode, r.PaymentReference, int64(paid), r.CreatedAt)
	if err != nil {
		return fmt.Errorf("make %s follow its payment: %w", r.Number, err)
	}
	return nil
}

// The claim moves the due time ahead, which makes it a lease: longer each time, because what fails again and again is not urgent.
const claimTiesSQL = `update auto_credits set attempts = attempts + 1, due_at = $1::timestamptz + least($2::interval * (1 << least(attempts, 10)), $3::interval)
	where invoice_id = any (array (select invoice_id from auto_credits where due_at <= $1 order by due_at limit $4 for update skip locked))
	returning merchant_id, livemode, invoice_id, payment_reference, paid_cents`

// claimTies returns due invoices and moves their due time ahead.
func (l *Ledger) claimTies(ctx context.Context, limit int) ([]tie, error) {
	rows, err := l.Pool.Query(ctx, claimTiesSQL, l.instant(), autoCreditLease, longestCreditPause, limit)
	if err != nil {
		return nil, fmt.Errorf("claim invoices to credit: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t tie, err error) {
		err = row.Scan(&t.who.MerchantID, &t.who.Livemode, &t.invoice, &t.payment, &t.paid)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim invoices to credit: %w", err)
	}
	return list, nil
}

// endComparison records that an invoice was compared, and when that is due again; nil: when something happens. The caller has the locks of its
// payments, without which nobody makes it due.
func endComparison(ctx context.Context, tx pgx.Tx, id uuid.UUID, again *time.Time) error {
	if _, err := tx.Exec(ctx, `update auto_credits set due_at = $2, attempts = 0 where invoice_id = $1`, id, again); err != nil {
		return fmt.Errorf("end the comparison of invoice %s: %w", id, err)
	}
	return nil
}

// makeDue makes the invoices that follow some payments due to be compared. The caller has the locks of the payments.
func (l *Ledger) makeDue(ctx context.Context, tx pgx.Tx, payments []string) error {
	if len(payments) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `update auto_credits set due_at = $2, attempts = 0 where payment_reference = any($1)`, payments, l.instant())
	if err != nil {
		return fmt.Errorf("make invoices due to be credited: %w", err)
	}
	return nil
}
