package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Refund records a refund of amount (0: all that is left) and reserves it on the original in the same transaction, so that
// concurrent refunds never exceed the payment. refund carries the new reference, the original's, the merchant, the mode and the
// account that pays; everything else is taken from the original.
func (s *Store) Refund(
	ctx context.Context, refund payment.Payment, amount money.Cents, idem Idempotency, meta Meta,
) (recorded payment.Payment, match Match, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		original, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments
			where reference = $1 and merchant_id = $2 and livemode = $3 and kind = 'payment' and origin <> 'scan' for update`,
			refund.OriginalReference, refund.MerchantID, refund.Livemode))
		if errors.Is(err, ErrNotFound) {
			return refundOfRefund(ctx, tx, refund)
		}
		if err != nil {
			return err
		}
		holder, _, err := s.claimAll(ctx, tx, refund, idem)
		if err != nil {
			return err
		}
		known, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder))
		if err == nil { // the refund of the key, or this command was redelivered
			recorded = known
			if holder != refund.Reference {
				match = ByKey
			}
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		recorded, err = s.reserve(ctx, tx, original, refund, amount, meta)
		return err
	})
	return recorded, match, err
}

// refundOfRefund returns a clear error when the merchant tries to refund a refund.
func refundOfRefund(ctx context.Context, tx pgx.Tx, refund payment.Payment) error {
	var of string
	err := tx.QueryRow(ctx, `select original_reference from payments where reference = $1 and merchant_id = $2 and livemode = $3 and kind = 'refund'`,
		refund.OriginalReference, refund.MerchantID, refund.Livemode).Scan(&of)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("look for a refund: %w", err)
	default:
		return errs.New(errs.InvalidState,
			"%s is a refund and cannot be refunded. Refund its payment %s instead, or cancel the refund while it is pending.", refund.OriginalReference, of)
	}
}

func (s *Store) reserve(ctx context.Context, tx pgx.Tx, original, refund payment.Payment, amount money.Cents, meta Meta) (payment.Payment, error) {
	if err := payment.CheckRefundable(original, amount); err != nil {
		return payment.Payment{}, err
	}
	if amount == 0 {
		amount = original.Refundable()
	}
	refund.Amount = amount
	refund.Currency = original.Currency
	refund.Beneficiary = payment.PaidBy(original)
	refund.Description = "Refund " + original.Reference
	refund.MerchantReference = original.MerchantReference
	if _, err := tx.Exec(ctx, `update payments set amount_reserved_cents = amount_reserved_cents + $2 where reference = $1`,
		original.Reference, amount); err != nil {
		return payment.Payment{}, err
	}
	return s.insert(ctx, tx, refund, meta)
}

// settleOriginal applies a refund that has ended to its payment.
func (s *Store) settleOriginal(ctx context.Context, tx pg.DB, refund payment.Payment, meta Meta) error {
	before, err := s.lock(ctx, tx, refund.OriginalReference)
	if err != nil {
		return err
	}
	after, step := payment.SettleRefund(before, refund)
	return s.take(ctx, tx, before, &after, step, meta)
}
