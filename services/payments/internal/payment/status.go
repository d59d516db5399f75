// Package payment is the domain of the payments service: payments, their states, and what an answer from the provider means for
// them. It does no I/O.
package payment

import "slices"

// Status of a payment or refund.
type Status string

// The statuses. pending: recorded, not yet at the provider. pending_sca: with the payer or the bank.
const (
	Pending    Status = "pending"
	PendingSCA Status = "pending_sca"
	Completed  Status = "completed"
	Failed     Status = "failed"
	Cancelled  Status = "cancelled"
	Refunded   Status = "refunded"
)

// Statuses are all statuses in the order of a payment's life.
var Statuses = []Status{Pending, PendingSCA, Completed, Failed, Cancelled, Refunded}

// moves is the state machine. Final states are never left, except completed → refunded; refunded → refunded is another partial
// refund. pending may skip states when the provider already knows more.
var moves = map[Status][]Status{
	Pending:    {PendingSCA, Completed, Failed, Cancelled},
	PendingSCA: {Completed, Failed, Cancelled},
	Completed:  {Refunded},
	Refunded:   {Refunded},
}

// CanMoveTo reports whether the state machine allows the move.
func (s Status) CanMoveTo(next Status) bool { return slices.Contains(moves[s], next) }

// Final reports whether the status never changes again, refunds aside.
func (s Status) Final() bool { return s != Pending && s != PendingSCA }

// Details refine the status. The empty detail of pending_sca means: waiting for the payer.
const (
	DetailAuthorising    = "authorising"
	DetailBankProcessing = "bank_processing"
	DetailAcceptedByBank = "accepted_by_bank"
	DetailCancelling     = "cancelling"
	DetailExpiring       = "expiring"
	DetailUnknown        = "unknown_provider_state"
	DetailPayingByScan   = "paying_by_scan"
	DetailReceived       = "received_outside"
	// DetailMismatch means that the bank shows another amount or currency. Nothing completes such a payment.
	DetailMismatch = "amount_mismatch"
	// DetailRefused means that the provider refused the payment before the payer was sent to a bank.
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
	// CauseSettlement: the money was seen on the merchant's account, or missed there.
	CauseSettlement = "settlement"
)
