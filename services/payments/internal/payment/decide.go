package payment

import (
	"strings"
)

// Observation is what the provider said about a payment when it was read.
type Observation struct {
	State, StateDetail, ErrorCode string
	// DifferingAmount is the provider's amount with its currency if it differs from ours; otherwise empty.
	DifferingAmount string
	// Unreadable is true when the provider returned no readable amount.
	Unreadable bool
	Raw        []byte
}

// Decide returns the change that an observation means for p, and whether there is one. A late, repeated or unknown observation
// never changes a final payment.
func Decide(p Payment, o Observation, cause string) (Change, bool) {
	if p.Status.Final() {
		return Change{}, false
	}
	c := interpret(p, o)
	if p.Kind == KindMandate {
		c = interpretMandate(p, o)
	}
	if (o.DifferingAmount != "" || o.Unreadable) && !noMoneyMoved(o.State) {
		c = amountChange(p, o)
	}
	c.Cause, c.ProviderState, c.ProviderRaw = cause, o.State, o.Raw
	if p.Status == c.To {
		if c.Detail == DetailMismatch && p.Detail != DetailMismatch {
			c.Event = string(p.Kind) + "." + DetailMismatch
		}
		return c, p.Detail != c.Detail || p.ProviderState != o.State
	}
	if !p.Status.CanMoveTo(c.To) {
		return Change{}, false
	}
	c.Event = EventType(p.Kind, c.To)
	return c, true
}

// noMoneyMoved reports whether the provider's state rules out that money moved. Then its amount does not matter.
func noMoneyMoved(state string) bool { return state == "rejected" || state == "expired" }

// amountChange returns the change for an amount that differs from ours or cannot be read: the status does not change.
func amountChange(p Payment, o Observation) Change {
	if o.Unreadable {
		return Change{To: p.Status, Detail: DetailUnknown}
	}
	if p.Kind == KindMandate && p.Authorised() {
		return Change{To: Completed, Detail: DetailUntracked, Note: "The bank shows " + o.DifferingAmount + "."}
	}
	return Change{To: p.Status, Detail: DetailMismatch, Note: "The bank shows " + o.DifferingAmount + "."}
}

func interpret(p Payment, o Observation) Change {
	switch o.State {
	case "created":
		return Change{To: PendingSCA, Detail: keepDetail(p.Detail, DetailExpiring)}
	case "validating":
		return Change{To: PendingSCA, Detail: keepDetail(p.Detail, DetailExpiring, DetailAuthorising)}
	case "pending":
		if strings.HasPrefix(o.StateDetail, "cancelling") {
			return Change{To: PendingSCA, Detail: DetailCancelling}
		}
		return Change{To: PendingSCA, Detail: DetailBankProcessing}
	case "done":
		return Change{To: Completed}
	case "accepted":
		if p.WaitForSettlement && p.Kind == KindPayment { // whether a refund was settled is visible on the merchant's own account
			return Change{To: PendingSCA, Detail: DetailAcceptedByBank}
		}
		return Change{To: Completed, Detail: DetailAcceptedByBank}
	case "rejected":
		return rejected(p, o)
	case "expired":
		return Change{To: Failed, Failure: FailureExpired}
	default:
		return Change{To: p.Status, Detail: DetailUnknown}
	}
}

// keepDetail returns detail if it equals the first of keepable, otherwise the second if there is one.
func keepDetail(detail string, keepable ...string) string {
	if detail == keepable[0] {
		return detail
	}
	if len(keepable) > 1 {
		return keepable[1]
	}
	return ""
}

func rejected(p Payment, o Observation) Change {
	failure := FailureCode(o.ErrorCode)
	if !cancellations[failure] {
		return Change{To: Failed, Failure: failure, Detail: rejectionDetail(p)}
	}
	if p.Detail == DetailExpiring { // cancelled by us at the provider because nobody authorised it in time
		return Change{To: Failed, Failure: FailureExpired}
	}
	return Change{To: Cancelled, Failure: failure}
}

// rejectionDetail returns DetailRefused for a rejection before the payer could be sent to a bank.
func rejectionDetail(p Payment) string {
	if p.Status == Pending && p.PaymentURL == "" {
		return DetailRefused
	}
	return ""
}

// FailureExpired is the failure of a payment that nobody authorised in time or that the bank never decided.
const FailureExpired = "expired"

// The failures of a scan that lost to the gateway payment's own session.
const (
	// FailureAlreadyPaid means that the payer authorised there first.
	FailureAlreadyPaid = "already_paid"
	// FailureInProgress means that the bank does not cancel it there, so it may still be paid.
	FailureInProgress = "payment_in_progress"
)

// Cancellation reports whether the provider's error code means that the payer or the client cancelled.
func Cancellation(providerCode string) bool { return cancellations[FailureCode(providerCode)] }

// cancellations are the failures that mean that the payer, or we as the provider's client, cancelled.
var cancellations = map[string]bool{"cancelled_by_user": true, "cancelled_by_client": true, "confirmation_refused": true}

// failures maps Powens' error codes to ours. The comparison ignores case, because its documents disagree.
var failures = map[string]string{
	"invalidemitter": "invalid_payer_account", "insufficientfunds": "insufficient_funds", "invalidamount": "invalid_amount",
	"invalidcurrency": "invalid_currency", "invaliddate": "invalid_date", "invalidbeneficiary": "invalid_beneficiary",
	"invalidlabel": "invalid_label", "invalidreferenceid": "invalid_reference", "regulatoryreason": "regulatory_reason",
	"authenticationfailed": "authentication_failed", "noanswerfromcustomer": "no_answer_from_customer",
	"nospecifiedreason": "no_specified_reason", "cancelledbyuser": "cancelled_by_user",
	"cancelledbyclient": "cancelled_by_client", "confirmationrefused": "confirmation_refused", "bankmessage": "bank_message",
	"invalidvalue": "invalid_value", "websiteunavailable": "bank_unavailable", "bug": "provider_error",
}

// FailureCode maps a provider's error code to ours. Unknown codes become "no_specified_reason".
func FailureCode(providerCode string) string {
	if f, ok := failures[strings.ToLower(providerCode)]; ok {
		return f
	}
	return "no_specified_reason"
}
