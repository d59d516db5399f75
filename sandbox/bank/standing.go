package bank

import (
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
	"european-pay.eu/eupay/sandbox/bank/internal/schedule"
)

// executionHour is when the banks execute the transfers of a day, on the clocks of Paris.
const executionHour = 6

// isOrder reports whether the payment is a standing order.
func (r *record) isOrder() bool { return r.Instructions[0].Kind == periodic }

// execution returns the day of the next transfer of a standing order, at midnight UTC; false: all have been executed.
func (r *record) execution() (time.Time, bool) {
	in := r.Instructions[0]
	start, err := time.Parse(time.DateOnly, in.StartDate)
	if err != nil {
		return time.Time{}, false
	}
	end, err := time.Parse(time.DateOnly, in.EndDate)
	if err != nil {
		end = time.Time{} // it has none
	}
	return schedule.Execution(in.Frequency, start, end, r.Executed)
}

// order schedules what a standing order does next: its next transfer, or its end if the bank reports that.
func (r *record) order() {
	r.schedule("", time.Time{})
	if day, ok := r.execution(); ok {
		r.schedule(stepExecute, time.Date(day.Year(), day.Month(), day.Day(), executionHour, 0, 0, 0, paris))
		return
	}
	if r.State != StatePending {
		return
	}
	last := *r
	last.Executed--
	end, _ := time.Parse(time.DateOnly, r.Instructions[0].EndDate)
	if day, ok := last.execution(); ok && day.After(end) { // its last day was none of a bank
		end = day
	}
	r.schedule(stepScheduleEnd, end.AddDate(0, 0, 1))
}

// setUp begins a standing order: what should have been executed on an earlier day never is.
func (r *record) setUp(now time.Time) {
	today := now.In(paris).Format(time.DateOnly)
	for day, ok := r.execution(); ok && day.Format(time.DateOnly) < today; day, ok = r.execution() {
		r.Executed++
	}
	r.order()
}

// book books the transfer of a standing order that was executed at a moment, on the accounts that somebody has connected.
func (b *Bank) book(r *record, at time.Time) {
	in, from := r.Instructions[0], account{}
	if r.Payer != nil {
		from = *r.Payer
	}
	payer, payee := iban.Normalise(from.Identification), iban.Normalise(in.Beneficiary.Identification)
	text := strings.TrimSpace("VIR PERM " + in.Label + " " + in.ReferenceID)
	b.transfer(Line{IBAN: payer, Cents: -in.Cents, Text: text, Name: in.Beneficiary.Label, Other: payee, Updated: at})
	b.transfer(Line{IBAN: payee, Cents: in.Cents, Text: text, Name: from.Label, Other: payer, Updated: at})
	b.stats.count("standing order executed")
}

// Execute makes the banks execute the next transfer of a standing order now, without waiting for its day.
func (b *Bank) Execute(id int64) error {
	return b.act(id, func(r *record, _ time.Time) error {
		if r.Next != stepExecute {
			return ErrWrongState
		}
		r.Executed++
		r.order()
		return nil
	})
}

// Stop acts as the payer's bank, or as its customer there: it ends a standing order. A bank that reports nothing does not report that
// either.
func (b *Bank) Stop(id int64) error {
	return b.act(id, func(r *record, _ time.Time) error {
		switch {
		case r.isOrder() && r.State == StatePending:
			b.reject(r, "noSpecifiedReason", "The standing order was ended at the bank.")
		case r.Next == stepExecute:
			r.schedule("", time.Time{})
		default:
			return ErrWrongState
		}
		return nil
	})
}
