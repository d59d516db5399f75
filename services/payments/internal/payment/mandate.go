package payment

import "strings"

// Details of a mandate.
const (
	// DetailMandateActive means that the payer has authorised the mandate and the bank pays by it.
	DetailMandateActive = "mandate_active"
	// DetailUntracked refines Completed: the bank pays by the mandate, for all that is known, and reports nothing further.
	DetailUntracked = "untracked"
)

// Authorised reports whether the payer has authorised the mandate and the bank may pay by it.
func (p Payment) Authorised() bool {
	return p.Kind == KindMandate && (p.Detail == DetailMandateActive || p.Detail == DetailCancelling || p.Status == Completed)
}

// interpretMandate returns what the provider's state means for a mandate (Powens, "Recurring payments"): pending is an active schedule,
// done means that every occurrence was executed, accepted that the bank reports nothing further. An authorised mandate that expires has
// lost its reports and not its validity: the provider expires what the bank has not finished within a month.
func interpretMandate(p Payment, o Observation) Change {
	switch {
	case o.State == "pending" && strings.HasPrefix(o.StateDetail, "cancelling"):
		return Change{To: PendingSCA, Detail: DetailCancelling}
	case o.State == "pending":
		return Change{To: PendingSCA, Detail: DetailMandateActive}
	case o.State == "done":
		return Change{To: Completed}
	case o.State == "accepted", o.State == "expired" && p.Authorised():
		return Change{To: Completed, Detail: DetailUntracked}
	case (o.State == "created" || o.State == "validating") && p.Authorised():
		return Change{To: p.Status, Detail: p.Detail} // an answer that was under way when the payer authorised
	default:
		return interpret(p, o)
	}
}
