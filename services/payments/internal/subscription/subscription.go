// Package subscription collects an amount again and again. Either the payer's bank does it, by a standing order (a mandate) that the payer
// authorises once; or EU Pay sends the payer a payment link for each day on which it is due.
//
// A subscription has a row, its mandate is a payment of the same reference that package engine drives, and each day on which it is due is
// an occurrence with a row. What becomes of an occurrence is decided by evidence alone: by the money on the merchant's account, a paid
// link, the bank's last word, or what the merchant says. Without any, it is unknown.
package subscription

import (
	"slices"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// Status of a subscription.
type Status string

// The statuses. pending: recorded, the payer has no page yet. pending_sca: with the payer. active: it is collected. The others are final:
// stopped is an active one that the merchant, the payer or the bank has ended, or one that was cancelled before; failed was refused by
// the bank or the payer; expired was not authorised in time.
const (
	Pending    Status = "pending"
	PendingSCA Status = "pending_sca"
	Active     Status = "active"
	Completed  Status = "completed"
	Stopped    Status = "stopped"
	Failed     Status = "failed"
	Expired    Status = "expired"
)

// Statuses are all statuses in the order of a subscription's life.
var Statuses = []Status{Pending, PendingSCA, Active, Completed, Stopped, Failed, Expired}

// moves is the state machine. pending may skip states when the provider already knows more.
var moves = map[Status][]Status{
	"":         {Pending, Active},
	Pending:    {PendingSCA, Active, Stopped, Failed, Expired},
	PendingSCA: {Active, Stopped, Failed, Expired},
	Active:     {Completed, Stopped},
}

// CanMoveTo reports whether the state machine allows the move.
func (s Status) CanMoveTo(next Status) bool { return slices.Contains(moves[s], next) }

// Final reports whether the status never changes again.
func (s Status) Final() bool { return s == Completed || s == Stopped || s == Failed || s == Expired }

// Details refine the status.
const (
	// DetailAuthorising: the payer is at the bank.
	DetailAuthorising = "authorising"
	// DetailUntracked: the bank pays by the mandate and reports nothing further.
	DetailUntracked = "untracked"
	// DetailCancelling: the payer has to approve the cancellation at the bank.
	DetailCancelling = "cancelling"
	// DetailCancelled, DetailReplaced, DetailByPayer and DetailByBank refine Stopped: the merchant cancelled it, another one took its
	// place, the merchant says that the payer stopped it, or the bank reports that it was stopped there.
	DetailCancelled = "cancelled"
	DetailReplaced  = "replaced"
	DetailByPayer   = "stopped_by_payer"
	DetailByBank    = "stopped_at_bank"
	// DetailRefused refines Failed: the provider refused it before the payer was sent to a bank.
	DetailRefused = payment.DetailRefused
)

// Collect is how the money is collected.
type Collect string

// The ways. CollectAuto becomes one of the others when the subscription is created.
const (
	CollectAuto  Collect = "auto"
	CollectBank  Collect = "bank"
	CollectLinks Collect = "links"
)

// Ending is why the end of a subscription was asked for.
type Ending string

// The endings.
const (
	NotEnding       Ending = ""
	EndingCancelled Ending = "cancelled"
	EndingReplaced  Ending = "replaced"
)

// Causes of a change in the history.
const (
	CauseAPI         = "api"
	CauseProvider    = "provider"
	CauseCalendar    = "calendar"
	CausePayment     = "payment"
	CauseSettlement  = "settlement"
	CauseMerchant    = "merchant"
	CauseReplacement = "replacement"
)

// Subscription is a row of the table subscriptions. Times are UTC; a nil time is absent.
type Subscription struct {
	// ID is also the reference of the mandate, and so the end-to-end reference of its transfers.
	ID, MerchantID string
	Livemode       bool
	// Amount is that of each occurrence.
	Amount   money.Cents
	Currency string
	Schedule calendar.Schedule
	Collect  Collect
	// DaysBefore is how many days before its day the link of an occurrence is sent.
	DaysBefore int
	// NotifyCustomer: the customer gets a mail with each link.
	NotifyCustomer bool
	BankID         string
	Settlement     payment.Settlement

	Description, MerchantReference, SuccessURL, CancelURL, Metadata, MerchantName string
	// Customer is the payer as the merchant named it. After the end only the name is kept.
	Customer payment.Identity

	Status          Status
	Detail, Failure string
	// Sequence counts the rows of the history, starting at 1.
	Sequence int64
	// AuthorisationURL is where the payer authorises it, ApprovalURL where the payer approves a cancellation.
	AuthorisationURL, ApprovalURL string
	Replaces, ReplacedBy          string
	Ending                        Ending
	EndingBy                      string
	// StopAtBank: only the payer can stop it, at the bank.
	StopAtBank bool
	// Planned is how many occurrences have a row.
	Planned int

	DueAt                *time.Time
	CreatedAt, UpdatedAt time.Time
	ActivatedAt, EndedAt *time.Time
}

// Ended reports whether the last occurrence has a row.
func (s Subscription) Ended() bool {
	count := s.Schedule.Count()
	return count > 0 && s.Planned >= count
}

// Public returns the subscription as other services may see it in an event: without the pages that the payer alone may open.
func (s Subscription) Public() Subscription {
	s.AuthorisationURL, s.ApprovalURL = "", ""
	return s
}
