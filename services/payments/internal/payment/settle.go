package payment

import "european-pay.eu/eupay/internal/errs"

// The failures of a payment that ended by a decision of ours or the merchant's, when the provider had no more to say.
const (
	// FailureNotReceived: the bank accepted it, and the merchant says that the money did not come.
	FailureNotReceived = "not_received"
	// FailureMismatch: the bank shows another amount or currency.
	FailureMismatch = DetailMismatch
)

// Word is what somebody says of a payment of which the provider has nothing more to say.
type Word struct {
	// Came: the money is on the merchant's account.
	Came bool
	// Actor is who says so; empty: nobody did in time.
	Actor, Note string
}

// Undecided reports whether the provider has said its last word and it is for the merchant to say whether the money came.
func (p Payment) Undecided() bool { return p.SettleBy != nil && !p.Status.Final() }

// Settle returns the change that ends an undecided payment. INVALID_STATE for the word that the money of a payment came
// whose bank shows another amount: that is not its money.
func Settle(p Payment, w Word) (Change, error) {
	c := Change{To: Failed, Cause: CauseMerchant, Actor: w.Actor, Note: w.Note}
	switch {
	case p.Detail == DetailMismatch && w.Came:
		return Change{}, errs.New(errs.InvalidState,
			"The bank shows another amount than %s %s, so this payment cannot be completed. Say that it did not come, then book what came as a late receipt.",
			p.Amount, p.Currency)
	case p.Detail == DetailMismatch:
		c.Failure = FailureMismatch
	case w.Came:
		c.To, c.Detail = Completed, DetailAcceptedByBank
	default:
		c.Failure = FailureNotReceived
	}
	c.Event = EventType(p.Kind, c.To)
	return c, nil
}

// SettleUnsaid returns the change that ends an undecided payment of which nobody said anything in time: what the bank
// accepted counts as paid, as it does for merchants who do not wait; another amount never does.
func SettleUnsaid(p Payment) Change {
	c := Change{To: Completed, Detail: DetailAcceptedByBank, Cause: CauseExpiry}
	if p.Detail == DetailMismatch {
		c = Change{To: Failed, Failure: FailureMismatch, Cause: CauseExpiry}
	}
	c.Event = EventType(p.Kind, c.To)
	return c
}
