package subscription

import (
	"time"

	"european-pay.eu/eupay/internal/bankday"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// OccurrenceStatus is what becomes of an occurrence.
type OccurrenceStatus string

// The statuses. Planned has no row: the subscription is not active yet. An expected occurrence becomes paid, missed or unknown. Unknown and
// missed ones become paid when evidence comes late.
const (
	Planned  OccurrenceStatus = "planned"
	Expected OccurrenceStatus = "expected"
	Paid     OccurrenceStatus = "paid"
	Missed   OccurrenceStatus = "missed"
	Unknown  OccurrenceStatus = "unknown"
)

// Evidence is by what an occurrence was decided.
type Evidence string

// The evidence. BySettlement: the money was seen on the merchant's account. ByPayment: its payment link was paid. ByBank: the bank says that
// it has executed all. ByMerchant: the merchant says so. ByStop: the standing order had ended before. ByExpiry: its link expired unpaid.
// NoEvidence: nothing was seen in time.
const (
	BySettlement Evidence = "settlement"
	ByPayment    Evidence = "payment"
	ByBank       Evidence = "bank"
	ByMerchant   Evidence = "merchant"
	ByStop       Evidence = "stopped"
	ByExpiry     Evidence = "link_expired"
	NoEvidence   Evidence = "no_evidence"
)

// Occurrence is a row of the table subscription_occurrences.
type Occurrence struct {
	SubscriptionID string
	// Number counts from 1.
	Number int
	// Date is by the schedule, Execution the bank day on which it is executed.
	Date, Execution   time.Time
	Status            OccurrenceStatus
	Evidence          Evidence
	EvidenceReference string
	LinkID, LinkURL   string
	Reminders         int
	// DueAt is when an expected occurrence needs work.
	DueAt, DecidedAt *time.Time
}

const (
	// waitDays are the bank days after its execution within which the money of an occurrence is seen or the occurrence becomes unknown.
	waitDays = 5
	// graceDays are the days after its day until which the link of an occurrence can be paid.
	graceDays = 14
	// deadlineHour and morning are on the clocks of Paris. Banks have booked a day's transfers by noon of the next one.
	deadlineHour, morning = 12, 9
)

// reminderDays are the days after its day on which the payer of an unpaid link is reminded.
var reminderDays = []int{0, 3, 10}

// next returns the first occurrence without a row; false: there are no more.
func (s Subscription) next() (Occurrence, bool) {
	date, ok := s.Schedule.At(s.Planned)
	if !ok {
		return Occurrence{}, false
	}
	o := Occurrence{SubscriptionID: s.ID, Number: s.Planned + 1, Date: date, Execution: date, Status: Expected}
	if s.Collect == CollectBank {
		o.Execution = calendar.Execution(date)
	}
	due := s.firstDue(o)
	o.DueAt = &due
	return o, true
}

// firstDue returns when an expected occurrence needs work for the first time: when its link is sent, or when it is undecided for too long.
func (s Subscription) firstDue(o Occurrence) time.Time {
	if s.Collect == CollectLinks {
		return calendar.Clock(o.Date.AddDate(0, 0, -s.DaysBefore), morning)
	}
	return calendar.Clock(bankday.Add(o.Execution, waitDays), deadlineHour)
}

// linkExpiry returns until when the link of an occurrence can be paid.
func (o Occurrence) linkExpiry() time.Time {
	return calendar.Clock(o.Date.AddDate(0, 0, graceDays), deadlineHour)
}

// nextReminder returns when the payer is reminded after now; the expiry of the link if there are no more reminders.
func (o Occurrence) nextReminder(now time.Time) time.Time {
	for _, days := range reminderDays {
		if at := calendar.Clock(o.Date.AddDate(0, 0, days), morning); at.After(now) {
			return at
		}
	}
	return o.linkExpiry()
}

// canBecome reports whether evidence may change the occurrence. What the merchant said, the merchant may correct; what was seen stands.
func (o Occurrence) canBecome(next OccurrenceStatus, by Evidence) bool {
	switch {
	case o.Status == Expected:
		return true
	case next == Paid:
		return o.Status != Paid
	case next == Missed:
		return by == ByMerchant && (o.Status == Unknown || o.Evidence == ByMerchant)
	default: // unknown: the evidence of a payment was taken back
		return by == NoEvidence && o.Status == Paid
	}
}

// decided returns the occurrence with its outcome.
func (o Occurrence) decided(status OccurrenceStatus, by Evidence, reference string, now time.Time) Occurrence {
	o.Status, o.Evidence, o.EvidenceReference = status, by, reference
	o.DueAt, o.DecidedAt = nil, &now
	return o
}
