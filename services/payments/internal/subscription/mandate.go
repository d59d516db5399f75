package subscription

import (
	"context"
	"errors"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// Follow applies a change of a mandate to its subscription, in the transaction of the change. Doing it again changes nothing. Lock order: the mandate before its
// subscription, and that before the one it replaces.
func (r *Room) Follow(ctx context.Context, tx pg.DB, m payment.Payment, c payment.Change) error {
	u, err := r.open(ctx, tx, m.Reference, Meta{})
	if err != nil {
		return err
	}
	if m.BankID != "" {
		u.BankID, u.Settlement = m.BankID, m.Settlement
	}
	switch m.Status {
	case payment.PendingSCA:
		return u.followOpen(ctx, m)
	case payment.Completed:
		return u.followCompleted(ctx, m, c)
	case payment.Failed, payment.Cancelled:
		return u.followEnded(ctx, m)
	default:
		return nil
	}
}

// followOpen applies a mandate that waits for its payer, or by which the bank pays.
func (u *unit) followOpen(ctx context.Context, m payment.Payment) error {
	if u.Status.Final() {
		return nil
	}
	by := why{cause: CauseProvider}
	switch m.Detail {
	case payment.DetailMandateActive:
		u.ApprovalURL = ""
		return u.running(ctx, "", by)
	case payment.DetailCancelling:
		u.ApprovalURL = m.ApprovalURL
		return u.running(ctx, DetailCancelling, by)
	}
	if u.Status == Active || m.PaymentURL == "" {
		return nil
	}
	u.AuthorisationURL = m.PaymentURL
	if u.Status == Pending {
		return u.move(ctx, PendingSCA, m.Detail, "", by)
	}
	if u.Detail == m.Detail {
		return nil
	}
	return u.refine(ctx, m.Detail, by)
}

// running applies that the bank pays by the mandate, with the detail.
func (u *unit) running(ctx context.Context, detail string, by why) error {
	switch {
	case u.Status != Active:
		u.Detail = detail
		return u.activate(ctx, by)
	case u.Detail == detail:
		return nil
	case u.Detail == DetailCancelling && u.Ending == EndingReplaced:
		u.StopAtBank = true // the payer has kept the old standing order
	case u.Detail == DetailCancelling:
		u.Ending, u.EndingBy = NotEnding, ""
	}
	return u.refine(ctx, detail, by)
}

// followCompleted applies the bank's last word on a mandate. It is believed that all was paid only when all has been due: some banks call a
// standing order done as soon as it is set up.
func (u *unit) followCompleted(ctx context.Context, m payment.Payment, c payment.Change) error {
	by := why{cause: CauseProvider, note: c.Note}
	if u.Status != Active && !u.Status.Final() {
		u.Detail = ""
		if err := u.activate(ctx, by); err != nil {
			return err
		}
	}
	if m.Detail == "" && u.allDue(*m.CompletedAt) {
		return u.paidByBank(ctx, by)
	}
	if u.Status != Active || u.Detail == DetailUntracked {
		return nil
	}
	u.Settlement, u.ApprovalURL = payment.Untracked, ""
	by.event = "subscription.untracked"
	return u.refine(ctx, DetailUntracked, by)
}

// allDue reports whether the last execution day had come at a moment.
func (u *unit) allDue(at time.Time) bool {
	count := u.Schedule.Count()
	return count > 0 && !calendar.Execution(u.Schedule.Nominal(count-1)).After(calendar.Today(at))
}

// paidByBank marks what is undecided as paid, because the bank says that it has executed all, and completes the subscription.
func (u *unit) paidByBank(ctx context.Context, by why) error {
	open, err := undecided(ctx, u.tx, u.ID, []OccurrenceStatus{Expected, Unknown}, u.Schedule.Start, calendar.Today(u.now))
	if err != nil {
		return err
	}
	for _, o := range open {
		if _, _, err := u.settle(ctx, o, Paid, ByBank, "", by); err != nil {
			return err
		}
	}
	if u.Status != Active {
		return nil
	}
	return u.move(ctx, Completed, "", "", by)
}

// followEnded applies a mandate that was refused, cancelled or not authorised in time.
func (u *unit) followEnded(ctx context.Context, m payment.Payment) error {
	by := why{cause: CauseProvider}
	switch {
	case u.Status.Final():
		return nil
	case u.Status == Active:
		return u.stop(ctx, u.stopDetail(), by)
	case u.Ending == EndingCancelled && m.Status == payment.Cancelled:
		return u.move(ctx, Stopped, DetailCancelled, "", by)
	case m.Failure == payment.FailureExpired:
		return u.move(ctx, Expired, "", m.Failure, by)
	default:
		return u.move(ctx, Failed, m.Detail, m.Failure, by)
	}
}

// stopDetail says who ended an active subscription whose mandate has ended.
func (u *unit) stopDetail() string {
	switch u.Ending {
	case EndingCancelled:
		return DetailCancelled
	case EndingReplaced:
		return DetailReplaced
	default:
		return DetailByBank
	}
}

// stop ends an active subscription. What would have been due later was never announced to anybody, so its plan is deleted; a link that was
// sent for a later day is revoked. If the merchant did not ask for the end, the next occurrence stays, and is missed on its day.
func (u *unit) stop(ctx context.Context, detail string, w why) error {
	if err := u.move(ctx, Stopped, detail, "", w); err != nil {
		return err
	}
	later, err := expectedAfter(ctx, u.tx, u.ID, calendar.Today(u.now))
	if err != nil {
		return err
	}
	for i, o := range later {
		switch {
		case o.LinkID != "":
			err = errors.Join(u.revoke(ctx, o), u.missedByStop(ctx, o, w))
		case i == 0 && u.Collect == CollectBank && detail == DetailByBank:
			due := calendar.Clock(o.Execution, deadlineHour)
			o.DueAt = &due
			err = writeOccurrence(ctx, u.tx, o)
		default:
			err = forget(ctx, u.tx, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) missedByStop(ctx context.Context, o Occurrence, w why) error {
	_, _, err := u.settle(ctx, o, Missed, ByStop, "", why{cause: w.cause})
	return err
}
