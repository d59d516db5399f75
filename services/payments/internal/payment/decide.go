package payment

import (
	"strings"
)

// Observation is what the provider said of a payment when it was read.
type Observation struct {
	State, StateDetail, ErrorCode string
	// Shown is the amount with its currency that the provider shows instead of ours; empty when it shows ours.
	Shown string
	// Unreadable: it shows no amount that can be read.
	Unreadable bool
	Raw        []byte
}

// Decide returns the change that an observation means for p, and whether there is one. A late, repeated or unknown
// observation changes nothing that was final.
func Decide(p Payment, o Observation, cause string) (Change, bool) {
	if p.Status.Final() {
		return Change{}, false
	}
	c := interpret(p, o)
	if (o.Shown != "" || o.Unreadable) && !unpaid(o.State) {
		c = doubtful(p, o)
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

// unpaid reports whether the provider's state says for good that no money moved: then its amount does not matter.
func unpaid(state string) bool { return state == "rejected" || state == "expired" }

// doubtful is what another amount than ours means, or one that cannot be read: the payment stays what it is.
func doubtful(p Payment, o Observation) Change {
	if o.Unreadable {
		return Change{To: p.Status, Detail: DetailUnknown}
	}
	return Change{To: p.Status, Detail: DetailMismatch, Note: "The bank shows " + o.Shown + "."}
}

func interpret(p Payment, o Observation) Change {
	switch o.State {
	case "created":
		return Change{To: PendingSCA, Detail: keep(p.Detail, DetailExpiring)}
	case "validating":
		return Change{To: PendingSCA, Detail: keep(p.Detail, DetailExpiring, DetailAuthorising)}
	case "pending":
		if strings.HasPrefix(o.StateDetail, "cancelling") {
			return Change{To: PendingSCA, Detail: DetailCancelling}
		}
		return Change{To: PendingSCA, Detail: DetailBankProcessing}
	case "done":
		return Change{To: Completed}
	case "accepted":
		if p.WaitForSettlement && p.Kind == KindPayment { // the merchant sees on its own account whether a refund left it
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

// keep leaves the detail as it is when it is the first of keepable, else it is the second, or none.
func keep(detail string, keepable ...string) string {
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
		return Change{To: Failed, Failure: failure, Detail: refusedAtOnce(p)}
	}
	if p.Detail == DetailExpiring { // we cancelled it at the provider because nobody authorised it in time
		return Change{To: Failed, Failure: FailureExpired}
	}
	return Change{To: Cancelled, Failure: failure}
}

// refusedAtOnce is the detail of a rejection: one that comes before anybody could be sent to a bank is a refusal.
func refusedAtOnce(p Payment) string {
	if p.Status == Pending && p.PaymentURL == "" {
		return DetailRefused
	}
	return ""
}

// FailureExpired is the failure of a payment that nobody authorised in time or that the bank never decided.
const FailureExpired = "expired"

// The failures of a scan that gave way to the gateway payment's own session.
const (
	// FailureAlreadyPaid: the payer was faster there.
	FailureAlreadyPaid = "already_paid"
	// FailureInProgress: the bank does not cancel it there, so it may still be paid.
	FailureInProgress = "payment_in_progress"
)

// Cancellation reports whether the provider's error code says that payer or client cancelled.
func Cancellation(providerCode string) bool { return cancellations[FailureCode(providerCode)] }

// cancellations are the failures that say that the payer or we as the provider's client cancelled.
var cancellations = map[string]bool{"cancelled_by_user": true, "cancelled_by_client": true, "confirmation_refused": true}

// failures maps Powens' error codes (compared without regard to case, since its documents disagree) to ours.
var failures = map[string]string{
	"invalidemitter": "invalid_payer_account", "insufficientfunds": "insufficient_funds", "invalidamount": "invalid_amount",
	"invalidcurrency": "invalid_currency", "invaliddate": "invalid_date", "invalidbeneficiary": "invalid_beneficiary",
	"invalidlabel": "invalid_label", "invalidreferenceid": "invalid_reference", "regulatoryreason": "regulatory_reason",
	"authenticationfailed": "authentication_failed", "noanswerfromcustomer": "no_answer_from_customer",
	"nospecifiedreason": "no_specified_reason", "cancelledbyuser": "cancelled_by_user",
	"cancelledbyclient": "cancelled_by_client", "confirmationrefused": "confirmation_refused", "bankmessage": "bank_message",
	"invalidvalue": "invalid_value", "websiteunavailable": "bank_unavailable", "bug": "provider_error",
}

// FailureCode turns a provider's error code into ours; what it does not know is "no_specified_reason".
func FailureCode(providerCode string) string {
	if f, ok := failures[strings.ToLower(providerCode)]; ok {
		return f
	}
	return "no_specified_reason"
}
