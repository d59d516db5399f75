package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/pg"
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
	if err := checkRefundable(original, amount); err != nil {
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

func checkRefundable(original payment.Payment, amount money.Cents) error {
	left := original.Refundable()
	switch {
	case original.AwaitingConfirmation():
		return errs.New(errs.InvalidState, "It is not known yet whether the money of this payment arrived. Confirm that it did, then refund it.")
	case original.Unpaid():
		return errs.New(errs.InvalidState, "Only a paid payment can be refunded; this one is %s. If its money arrived after all, book a late receipt first.", original.Status)
	case !original.Status.Final():
		return errs.New(errs.InvalidState, "Only a completed payment can be refunded; this one is %s.", original.Status)
	case original.Payer.IBAN == "":
		return errs.New(errs.InvalidState, "The bank did not report the payer's account, so this payment cannot be refunded here. Transfer the money back from your bank.")
	case left == 0:
		return errs.New(errs.RefundExceeds, "Nothing is left to refund: the whole amount has been refunded or is being refunded.")
	case amount > left:
		return errs.New(errs.RefundExceeds, "The refund exceeds the refundable amount. Refund at most %s %s.", left, original.Currency)
	default:
		return nil
	}
}

// settleOriginal applies a finished refund to its payment: a completed refund is announced as payment.refunded, any other
// releases its reserved amount.
func (s *Store) settleOriginal(ctx context.Context, tx pg.DB, refund payment.Payment, meta Meta) error {
	before, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1 for update`, refund.OriginalReference))
	if err != nil {
		return err
	}
	after := before
	if refund.Status != payment.Completed {
		after.AmountReserved -= refund.Amount
		return s.write(ctx, tx, after, before.Sequence)
	}
	after.AmountRefunded += refund.Amount
	after.Sequence, after.UpdatedAt = before.Sequence+1, s.clock()
	if before.Late.Amount == 0 { // a payment with a late receipt was never completed, and its status is final
		after.Status = payment.Refunded
	}
	if err := s.write(ctx, tx, after, before.Sequence); err != nil {
		return err
	}
	c := payment.Change{
		To: after.Status, Detail: after.Detail, Failure: after.Failure, Cause: payment.CauseRefund,
		Event: payment.EventType(payment.KindPayment, payment.Refunded),
	}
	return s.record(ctx, tx, after, before.Status, c, refundRef{refund.Reference, int64(refund.Amount)}, meta)
}
