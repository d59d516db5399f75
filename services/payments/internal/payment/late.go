package payment

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
)

// LateReport is a merchant's report of money that arrived after its payment had ended unpaid.
type LateReport struct {
	MerchantID string
	Livemode   bool
	Reference  string
	// Amount is 0 for the amount of the
	Amount money.Cents
	// Received is who reports it, when the money arrived (nil: now), and a remark.
	Received Received
	// Payer is the account that paid, from the merchant's statement. It is used only if the bank did not name one.
	Payer Party
}

// WithReceipt returns the payment with the late receipt booked at the time now.
func WithReceipt(p Payment, r LateReport, now time.Time) Payment {
	at := now
	if r.Received.At != nil {
		at = *r.Received.At
	}
	p.Late = LateReceipt{Amount: r.Amount, At: &at, BookedAt: &now}
	if p.Payer.IBAN == "" && r.Payer.IBAN != "" {
		p.Payer.Name, p.Payer.IBAN = r.Payer.Name, r.Payer.IBAN
	}
	return p
}

// CheckSameReceipt accepts a repeated receipt and refuses a different one.
func CheckSameReceipt(p Payment, r LateReport) error {
	other := r.Received.At != nil && !r.Received.At.Equal(*p.Late.At) || r.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN
	if p.Late.Amount != r.Amount || other {
		return errs.New(errs.InvalidState, "A late receipt of %s %s is already booked on this payment.", p.Late.Amount, p.Currency)
	}
	return nil
}

// CheckLateReceipt returns why the payment cannot have a late receipt. Error: INVALID_STATE.
func CheckLateReceipt(p Payment, r LateReport) error {
	switch {
	case p.Status == Completed || p.Status == Refunded:
		return errs.New(errs.InvalidState, "The payment is already paid.")
	case !p.Unpaid():
		return errs.New(errs.InvalidState, "The payment is still open. Late receipts can only be booked on failed or cancelled payments.")
	case r.Payer.IBAN != "" && p.Payer.IBAN != "" && r.Payer.IBAN != p.Payer.IBAN:
		return errs.New(errs.InvalidState, "The bank reported a different payer account. Omit payer_iban to book the receipt with that one.")
	default:
		return nil
	}
}
