// Package payment is the domain of the payments service: what a payment is, which states it has and what an answer of
// the provider means for it. It does no I/O.
package payment

import "slices"

// Status of a payment or refund.
type Status string

// The statuses. pending: recorded, not yet at the provider. pending_sca: the payer or the bank has it.
const (
	Pending    Status = "pending"
	PendingSCA Status = "pending_sca"
	Completed  Status = "completed"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled"
	Refunded   Status = "refunded"
)

// Statuses in the order of a payment's life.
var Statuses = []Status{Pending, PendingSCA, Completed, Failed, Cancelled, Refunded}

// moves is the state machine. A final state is never left, but for completed → refunded; refunded → refunded is a
// further partial refund. pending may jump ahead when the provider already knows more.
var moves = map[Status][]Status{
	Pending:    {PendingSCA, Completed, Failed, Cancelled},
	PendingSCA: {Completed, Failed, Cancelled},
	Completed:  {Refunded},
	Refunded:   {Refunded},
}

// CanMoveTo reports whether the state machine allows the move.
func (s Status) CanMoveTo(next Status) bool { return slices.Contains(moves[s], next) }

// Final reports whether the provider has nothing more to say.
func (s Status) Final() bool { return s != Pending && s != PendingSCA }

// Details: what is known beyond the status. The empty detail of pending_sca means: waiting for the payer.
const (
	DetailAuthorising    = "authorising"
	DetailBankProcessing = "bank_processing"
	DetailAcceptedByBank = "accepted_by_bank"
	DetailCancelling     = "cancelling"
	DetailExpiring       = "expiring"
	DetailUnknown        = "unknown_provider_state"
	DetailPayingByScan   = "paying_by_scan"
	DetailReceived       = "received_outside"
	// DetailMismatch: the bank shows another amount or currency. Nothing completes it.
	DetailMismatch = "amount_mismatch"
	// DetailRefused, of a failed payment: the provider refused it at once, nobody was ever sent to a bank.
	DetailRefused = "refused_by_provider"
)

// Causes of a change in the history.
const (
	CauseAPI        = "api"
	CauseProvider   = "provider"
	CauseReconciler = "reconciler"
	CauseExpiry     = "expiry"
	CauseRefund     = "refund"
	CauseScan       = "scan"
	CauseMerchant   = "merchant"
)
