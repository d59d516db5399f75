package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// LateReceipt is what a merchant says of money that came for a payment which had ended without it.
type LateReceipt struct {
	MerchantID string
	Livemode   bool
	Reference  string
	// Amount 0: the payment's.
	Amount money.Cents
	// Received is who says so, when the money came (nil: now), and in which words.
	Received payment.Received
	// Payer is the account that paid, as the merchant's statement names it; only where the bank did not tell.
	Payer payment.Party
}

// BookLate notes on a failed or cancelled payment that its money came after all, once. The same receipt again is a replay.
// The payment's state stays what it is; what came can be refunded. Errors: ErrNotFound; INVALID_STATE for a payment that is
// open or paid, has another late receipt, or of which the bank named another payer.
func (s *Store) BookLate(ctx context.Context, r LateReceipt, meta Meta) (booked payment.Payment, replayed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		p, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments
			where reference = $1 and merchant_id = $2 and livemode = $3 and kind = 'payment' and origin <> 'scan' for update`,
			r.Reference, r.MerchantID, r.Livemode))
		if err != nil {
			return err
		}
		if r.Amount == 0 {
			r.Amount = p.Amount
		}
		if p.Late.Amount > 0 {
			booked, replayed = p, true
			return sameReceipt(p, r)
		}
		if err := lateable(p, r); err != nil {
			return err
		}
		booked = s.withReceipt(p, r)
		return s.apply(ctx, tx, p, &booked, payment.Change{
			To: p.Status, Detail: p.Detail, Failure: p.Failure, Cause: payment.CauseMerchant, Actor: r.Received.By, Note: r.Received.Note,
			Event: "payment.late_receipt",
		}, meta)
	})
	return booked, replayed && err == nil, err
}

func (s *Store) withReceipt(p payment.Payment, r LateReceipt) payment.Payment {
	now := s.clock()
	at := now
	if r.Received.At != nil {
		at = *r.Received.At
	}
	p.Late = payment.LateReceipt{Amount: r.Amount, At: &at, BookedAt: &now}
	if p.Payer.IBAN == "" && r.Payer.IBAN != "" {
		p.Payer.Name, p.Payer.IBAN = r.Payer.Name, r.Payer.IBAN
	}
	return p
}

// sameReceipt: said twice is said once, another receipt is not.
func sameReceipt(p payment.Payment, r LateReceipt) error {
	other := r.Received.At != nil && !r.Received.At.Equal(*p.Late.At) || r.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN
	if p.Late.Amount != r.Amount || other {
		return errs.New(errs.InvalidState, "A late receipt of %s %s is booked on this payment already.", p.Late.Amount, p.Currency)
	}
	return nil
}

func lateable(p payment.Payment, r LateReceipt) error {
	switch {
	case p.Status == payment.Completed || p.Status == payment.Refunded:
		return errs.New(errs.InvalidState, "The payment is paid already.")
	case !p.Unpaid():
		return errs.New(errs.InvalidState, "The payment is still open. A late receipt is for a payment that failed or was cancelled.")
	case r.Payer.IBAN != "" && p.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN:
		return errs.New(errs.InvalidState, "The bank named another account as the payer's. Leave payer_iban out to book the receipt with that one.")
	default:
		return nil
	}
}
