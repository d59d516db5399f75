package giveback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Want records a refund in the transaction of its credit note.
func Want(ctx context.Context, tx pgx.Tx, r Refund, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into credit_refunds (credit_note_id, merchant_id, livemode, payment_reference, refund_reference, amount_cents, status, due_at, created_at)
		values ($1, $2, $3, $4, $5, $6, 'wanted', $7, $8)`,
		r.CreditNote, r.MerchantID, r.Livemode, r.Payment, r.Reference, int64(r.Amount), now.Add(first), now)
	if err != nil {
		return fmt.Errorf("record the refund of a credit note: %w", err)
	}
	return nil
}

// Known records that what a credit note gives back is given back by a refund that others have asked for: nothing more is made. One refund belongs to
// one credit note.
func Known(ctx context.Context, tx pgx.Tx, r Refund, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into credit_refunds (credit_note_id, merchant_id, livemode, payment_reference, refund_reference, amount_cents, status, created_at,
		ended_at) values ($1, $2, $3, $4, $5, $6, 'made', $7, $7) on conflict do nothing`,
		r.CreditNote, r.MerchantID, r.Livemode, r.Payment, r.Reference, int64(r.Amount), now)
	if err != nil {
		return fmt.Errorf("record the refund of a credit note: %w", err)
	}
	return nil
}

// ReferenceOf returns the reference of the refund of a credit note; empty if none was recorded.
func ReferenceOf(ctx context.Context, db pg.DB, creditNote uuid.UUID) (reference string, err error) {
	err = db.QueryRow(ctx, `select refund_reference from credit_refunds where credit_note_id = $1`, creditNote).Scan(&reference)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the refund of a credit note: %w", err)
	}
	return reference, nil
}

// The claim moves the due time ahead, which makes it a lease: longer each time, because what fails again and again is not urgent.
const claimSQL = `update credit_refunds r set attempts = attempts + 1, due_at = $1::timestamptz + least($2::interval * (1 << least(attempts, 10)), $3::interval)
	where r.credit_note_id = any (array (select credit_note_id from credit_refunds where due_at <= $1 order by due_at limit $4 for update skip locked))
	returning credit_note_id, merchant_id, livemode, payment_reference, refund_reference, amount_cents`

// Claim returns due refunds and moves their due time ahead.
func (r *Refunds) Claim(ctx context.Context, limit int) ([]Refund, error) {
	rows, err := r.Pool.Query(ctx, claimSQL, r.instant(), lease, longest, limit)
	if err != nil {
		return nil, fmt.Errorf("claim refunds of credit notes: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (of Refund, err error) {
		err = row.Scan(&of.CreditNote, &of.MerchantID, &of.Livemode, &of.Payment, &of.Reference, &of.Amount)
		return of, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim refunds of credit notes: %w", err)
	}
	return all, nil
}

// End records the outcome of a refund. One that was made stays so; one that was refused may still be made, when its request is repeated.
func (r *Refunds) End(ctx context.Context, of Refund, o Outcome) error {
	status := "made"
	if o.Code != "" {
		status = "refused"
	}
	_, err := r.Pool.Exec(ctx, `update credit_refunds set status = $4, error_code = $5, error_message = $6, due_at = null, ended_at = $7
		where credit_note_id = $1 and merchant_id = $2 and livemode = $3 and (status = 'wanted' or status = 'refused' and $4 = 'made')`,
		of.CreditNote, of.MerchantID, of.Livemode, status, o.Code, o.Message, r.instant())
	if err != nil {
		return fmt.Errorf("record the outcome of the refund of a credit note: %w", err)
	}
	return nil
}
