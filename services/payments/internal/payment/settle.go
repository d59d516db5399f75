package payment

import "european-pay.eu/eupay/internal/errs"

// The failures of a payment that ended by our decision or the merchant's, after the provider's last state.
const (
	// FailureNotReceived means that the bank accepted the payment and the merchant reports that no money arrived.
	FailureNotReceived = "not_received"
	// FailureMismatch means that the bank shows another amount or currency.
	FailureMismatch = DetailMismatch
)

// SettlementReport is the merchant's report on a payment whose outcome the provider does not know.
type SettlementReport struct {
	// MoneyReceived is true when the money is on the merchant's account.
	MoneyReceived bool
	// Actor is who reports it.
	Actor, Note string
}

// AwaitingConfirmation reports whether the merchant must confirm if the money arrived, because the provider cannot.
func (p Payment) AwaitingConfirmation() bool { return p.SettleBy != nil && !p.Status.Final() }

// Settle returns the change that ends a payment awaiting confirmation. It returns INVALID_STATE for the report that money arrived
// if the bank shows another amount, because that is not the money of this payment.
func Settle(p Payment, w SettlementReport) (Change, error) {
	c := Change{To: Failed, Cause: CauseMerchant, Actor: w.Actor, Note: w.Note}
	switch {
	case p.Detail == DetailMismatch && w.MoneyReceived:
		return Change{}, errs.New(errs.InvalidState,
			"The bank shows a different amount than %s %s, so this payment cannot be completed. Confirm it as not received, then book the amount as a late receipt.",
			p.Amount, p.Currency)
	case p.Detail == DetailMismatch:
		c.Failure = FailureMismatch
	case w.MoneyReceived:
		c.To, c.Detail = Completed, DetailAcceptedByBank
	default:
		c.Failure = FailureNotReceived
	}
	c.Event = EventType(p.Kind, c.To)
	return c, nil
}

// SettleByDeadline returns the change that ends a payment that nobody confirmed in time. A payment that the bank accepted counts
// as paid, as for merchants that do not wait; a payment with another amount never does.
func SettleByDeadline(p Payment) Change {
	c := Change{To: Completed, Detail: DetailAcceptedByBank, Cause: CauseExpiry}
	if p.Detail == DetailMismatch {
		c = Change{To: Failed, Failure: FailureMismatch, Cause: CauseExpiry}
	}
	c.Event = EventType(p.Kind, c.To)
	return c
}
