package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

const (
	// ahead is how many occurrences after today have a row.
	ahead = 24
	// tendHour is when an active subscription is looked at each day, on the clocks of Paris; tendEvery is how often any other one is.
	tendHour  = 5
	tendEvery = time.Hour
	// cancelEvery is how soon a cancellation without an outcome is tried again.
	cancelEvery = 5 * time.Minute
)

// nextTend returns when an active subscription is looked at again: tomorrow, not all at the same moment.
func (u *unit) nextTend() time.Time {
	spread := 0
	for _, c := range u.ID {
		spread = (spread*31 + int(c)) % 3600
	}
	return calendar.Clock(calendar.Today(u.now).AddDate(0, 0, 1), tendHour).Add(time.Duration(spread) * time.Second)
}

// plan writes the occurrences of the near future that have no row yet.
func (u *unit) plan(ctx context.Context) error {
	until := u.Schedule.After(calendar.Today(u.now)) + ahead
	for u.Planned < until {
		o, ok := u.next()
		if !ok {
			break
		}
		if err := writeOccurrence(ctx, u.tx, o); err != nil {
			return err
		}
		u.Planned++
	}
	return noteDue(ctx, u.tx, u.Subscription)
}

// tend looks after a subscription that is due: it plans further, and sees to it that an end that was asked for comes.
func (r *Room) tend(ctx context.Context, id string) {
	err := r.catchUp(ctx, id)
	ending := false
	if err == nil {
		ending, err = r.tended(ctx, id)
	}
	if err == nil && ending {
		err = r.end(ctx, id)
	}
	if err != nil {
		r.Log.ErrorContext(ctx, "subscription not looked after, due again when its lease ends", "subscription", id, "error", err)
	}
}

// catchUp applies the mandate as it is, in case that nobody followed a change of it.
func (r *Room) catchUp(ctx context.Context, id string) error {
	s, err := find(ctx, r.Pool, id)
	if err != nil || s.Collect != CollectBank || s.Status.Final() {
		return err
	}
	return r.Mandates.FollowAgain(ctx, id)
}

// tended does what needs no call, and reports whether the standing order is to be cancelled.
func (r *Room) tended(ctx context.Context, id string) (ending bool, err error) {
	err = r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.open(ctx, tx, id, Meta{})
		if err != nil || u.Status.Final() {
			return err
		}
		if u.Ending != NotEnding && u.Collect == CollectLinks {
			return u.stop(ctx, u.stopDetail(), why{cause: CauseReplacement})
		}
		due := u.now.Add(tendEvery)
		u.DueAt = &due
		ending = u.Ending != NotEnding && !u.StopAtBank && u.Detail != DetailCancelling
		switch {
		case ending:
			due = u.now.Add(cancelEvery)
		case u.Status == Active:
			due = u.nextTend()
		}
		if u.Status != Active {
			return noteDue(ctx, tx, u.Subscription)
		}
		return u.plan(ctx)
	})
	return ending, err
}

// completeIfOver completes an active subscription whose last occurrence is decided.
func (u *unit) completeIfOver(ctx context.Context) error {
	if u.Status != Active || !u.Ended() {
		return nil
	}
	open, err := hasExpected(ctx, u.tx, u.ID)
	if err != nil || open {
		return err
	}
	return u.move(ctx, Completed, "", "", why{cause: CauseCalendar})
}

// end asks the provider to cancel the standing order of a subscription whose end was asked for. A bank that does not cancel leaves it to the
// payer: the subscription says so.
func (r *Room) end(ctx context.Context, id string) error {
	mandate, err := r.Mandates.ByReference(ctx, id)
	if err != nil {
		return fmt.Errorf("read mandate %s: %w", id, err)
	}
	_, _, err = r.Engine.Cancel(ctx, mandate)
	if e := errs.From(err); err == nil || e.Code != errs.CancelNotSupported && e.Code != errs.InvalidState {
		return err
	}
	return r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.open(ctx, tx, id, Meta{})
		if err != nil || u.Status.Final() {
			return err
		}
		return u.leaveToPayer(ctx)
	})
}

// leaveToPayer records that only the payer can stop the standing order. A cancellation by the merchant is over with that; a replacement stays.
func (u *unit) leaveToPayer(ctx context.Context) error {
	if u.StopAtBank && u.Ending != EndingCancelled {
		return nil
	}
	u.StopAtBank = true
	if u.Ending == EndingCancelled {
		u.Ending, u.EndingBy = NotEnding, ""
	}
	return u.refine(ctx, u.Detail, why{cause: CauseProvider, note: "The bank does not cancel it. The payer has to end the standing order at the bank."})
}

// decide does what is due for an occurrence.
func (r *Room) decide(ctx context.Context, k key) {
	err := r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.open(ctx, tx, k.ID, Meta{})
		if err != nil {
			return err
		}
		o, err := occurrence(ctx, tx, k)
		if err != nil || o.Status != Expected {
			return err
		}
		if u.Collect == CollectLinks {
			err = u.collectByLink(ctx, o)
		} else {
			err = u.giveUp(ctx, o)
		}
		if err != nil {
			return err
		}
		return u.completeIfOver(ctx)
	})
	if err != nil {
		r.Log.ErrorContext(ctx, "occurrence not decided, due again when its lease ends", "subscription", k.ID, "number", k.Number, "error", err)
	}
}

// giveUp decides an occurrence of a standing order without evidence: missed if the order had ended before its day, otherwise unknown.
func (u *unit) giveUp(ctx context.Context, o Occurrence) error {
	status, by := Unknown, NoEvidence
	if u.EndedAt != nil && u.Status == Stopped && calendar.Today(*u.EndedAt).Before(o.Execution) {
		status, by = Missed, ByStop
	}
	_, _, err := u.settle(ctx, o, status, by, "", why{cause: CauseCalendar})
	return err
}

// collectByLink sends the link of an occurrence, reminds the payer, or ends it.
func (u *unit) collectByLink(ctx context.Context, o Occurrence) error {
	switch {
	case o.LinkID == "" && u.Status.Final():
		return u.missedByStop(ctx, o, why{cause: CauseCalendar})
	case o.LinkID == "":
		return u.sendLink(ctx, o)
	case u.now.Before(o.linkExpiry()):
		o.Reminders++
		due := o.nextReminder(u.now)
		o.DueAt = &due
		return u.recordOccurrence(ctx, Expected, o, why{cause: CauseCalendar, note: "Reminder.", event: "subscription.occurrence.due"})
	}
	if err := u.revoke(ctx, o); err != nil {
		return err
	}
	_, _, err := u.settle(ctx, o, Missed, ByExpiry, "", why{cause: CauseCalendar})
	return err
}

// sendLink makes the payment link of an occurrence and announces it.
func (u *unit) sendLink(ctx context.Context, o Occurrence) error {
	made, err := u.makeLink(ctx, o)
	if err != nil {
		return fmt.Errorf("make the link of occurrence %d of %s: %w", o.Number, u.ID, err)
	}
	o.LinkID, o.LinkURL = made.ID, made.URL
	due := o.nextReminder(u.now)
	o.DueAt = &due
	return u.recordOccurrence(ctx, Expected, o, why{cause: CauseCalendar, event: "subscription.occurrence.due"})
}
