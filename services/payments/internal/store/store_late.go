package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// LateReceipt is a merchant's report of money that arrived after its payment had ended unpaid.
type LateReceipt struct {
	MerchantID string
	Livemode   bool
	Reference  string
	// Amount is 0 for the amount of the payment.
	Amount money.Cents
	// Received is who reports it, when the money arrived (nil: now), and a remark.
	Received payment.Received
	// Payer is the account that paid, from the merchant's statement. It is used only if the bank did not name one.
	Payer payment.Party
}

// BookLate records, once, that the money of a failed or cancelled payment arrived after all. The same receipt again is a replay.
// The payment's status does not change; the receipt can be refunded. Errors: ErrNotFound; INVALID_STATE for a payment that is
// open or paid, has another late receipt, or whose payer the bank named differently.
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
			return checkSameReceipt(p, r)
		}
		if err := checkLateReceipt(p, r); err != nil {
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

// checkSameReceipt accepts a repeated receipt and refuses a different one.
func checkSameReceipt(p payment.Payment, r LateReceipt) error {
	other := r.Received.At != nil && !r.Received.At.Equal(*p.Late.At) || r.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN
	if p.Late.Amount != r.Amount || other {
		return errs.New(errs.InvalidState, "A late receipt of %s %s is already booked on this payment.", p.Late.Amount, p.Currency)
	}
	return nil
}

func checkLateReceipt(p payment.Payment, r LateReceipt) error {
	switch {
	case p.Status == payment.Completed || p.Status == payment.Refunded:
		return errs.New(errs.InvalidState, "The payment is paid already.")
	case !p.Unpaid():
		return errs.New(errs.InvalidState, "The payment is still open. Late receipts can only be booked on failed or cancelled payments.")
	case r.Payer.IBAN != "" && p.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN:
		return errs.New(errs.InvalidState, "The bank reported a different payer account. Omit payer_iban to book the receipt with that one.")
	default:
		return nil
	}
}
