package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/bankday"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// earliest and latest are the bank days before and after the execution day of an occurrence between which a credit can be its money.
const earliest, latest = 2, 10

// Credit is money of a standing order that was seen on the merchant's account.
type Credit struct {
	Owner
	// Reference of the subscription as the credit bears it: the whole one, or its last 16 characters.
	Subscription string
	Amount       money.Cents
	// BookedOn is the day of the booking.
	BookedOn time.Time
	// Reference identifies the credit: the same one never counts twice.
	Reference string
}

// Observe marks the occurrence that a credit pays as paid, within the transaction that settles the credit. It is the open one whose
// execution day is nearest to the booking, if the amount is that of the subscription. false: there is none, or the subscription is not
// the merchant's; then nothing is written.
func (r *Room) Observe(ctx context.Context, tx pg.DB, c Credit) (Occurrence, bool, error) {
	id, err := named(ctx, tx, c.Owner, c.Subscription)
	if errors.Is(err, errNotFound) {
		return Occurrence{}, false, nil
	}
	if err != nil {
		return Occurrence{}, false, err
	}
	u, err := r.openOwn(ctx, tx, c.Owner, id, Meta{})
	if err == nil && c.Amount != u.Amount {
		return Occurrence{}, false, nil
	}
	if err != nil {
		return Occurrence{}, false, err
	}
	known, err := evidenced(ctx, tx, u.ID, BySettlement, c.Reference)
	if err == nil || !errors.Is(err, errNotFound) {
		return known, err == nil, err
	}
	from, to := bankday.Add(c.BookedOn, -latest), bankday.Add(c.BookedOn, earliest)
	open, err := undecided(ctx, tx, u.ID, []OccurrenceStatus{Expected, Unknown, Missed}, from, to)
	if err != nil || len(open) == 0 {
		return Occurrence{}, false, err
	}
	o, ok, err := u.settle(ctx, nearest(open, c.BookedOn), Paid, BySettlement, c.Reference, why{cause: CauseSettlement})
	if err != nil {
		return Occurrence{}, false, err
	}
	return o, ok, u.completeIfOver(ctx)
}

// nearest returns the occurrence whose execution day is nearest to a day; of two, the earlier one.
func nearest(open []Occurrence, day time.Time) Occurrence {
	best, distance := open[0], open[0].Execution.Sub(day).Abs()
	for _, o := range open[1:] {
		if d := o.Execution.Sub(day).Abs(); d < distance {
			best, distance = o, d
		}
	}
	return best
}

// Withdraw takes back what Observe concluded from a credit, because the credit was matched wrongly: the occurrence is unknown again. Without such an
// occurrence it does nothing.
func (r *Room) Withdraw(ctx context.Context, tx pg.DB, o Owner, subscription, reference string) error {
	id, err := named(ctx, tx, o, subscription)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	u, err := r.openOwn(ctx, tx, o, id, Meta{})
	if err != nil {
		return err
	}
	paid, err := evidenced(ctx, tx, u.ID, BySettlement, reference)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, _, err = u.settle(ctx, paid, Unknown, NoEvidence, "", why{cause: CauseSettlement})
	return err
}

// Consumer is the name of the durable that learns of paid links, and Subjects what it consumes.
const Consumer = "subscriptions"

// Subjects are the subjects of completed payments.
var Subjects = []string{"eupay.evt.*.payment.completed.>"}

// Handle marks the occurrences of paid links as paid.
func (r *Room) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		c := &eventsv1.PaymentChanged{}
		if err := proto.Unmarshal(e.Data, c); err != nil {
			return consume.Poison(fmt.Errorf("read payment event: %w", err))
		}
		p := c.GetPayment()
		if p.GetPaymentLinkId() == "" {
			continue
		}
		if err := r.linkPaid(trace.Within(ctx, e.Trace), tx, Owner{e.Merchant, e.Livemode}, p.GetPaymentLinkId(), p.GetReference()); err != nil {
			return err
		}
	}
	return nil
}

// linkPaid marks the occurrence of a link as paid by a payment. Other links than those of subscriptions have none.
func (r *Room) linkPaid(ctx context.Context, tx pg.DB, owner Owner, link, reference string) error {
	o, err := ofLink(ctx, tx, link)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	u, err := r.openOwn(ctx, tx, owner, o.SubscriptionID, Meta{})
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if o, err = occurrence(ctx, tx, key{o.SubscriptionID, o.Number}); err != nil { // as it is under the lock
		return err
	}
	if _, _, err := u.settle(ctx, o, Paid, ByPayment, reference, why{cause: CausePayment}); err != nil {
		return err
	}
	return u.completeIfOver(ctx)
}

// Report is what a merchant says of an occurrence.
type Report struct {
	Number int
	// Status is Paid or Missed.
	Status      OccurrenceStatus
	Actor, Note string
	Meta        Meta
}

// Decide records what the merchant says of an occurrence. Saying the same again is no error. Errors: NOT_FOUND; INVALID_STATE if evidence says
// otherwise, or if a standing order could not have been executed yet.
func (r *Room) Decide(ctx context.Context, owner Owner, id string, report Report) (o Occurrence, amount money.Cents, err error) {
	err = r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.openOwn(ctx, tx, owner, id, report.Meta)
		if err != nil {
			return err
		}
		amount = u.Amount
		if o, err = occurrence(ctx, tx, key{id, report.Number}); err != nil {
			return err
		}
		return u.report(ctx, &o, report)
	})
	return o, amount, err
}

func (u *unit) report(ctx context.Context, o *Occurrence, report Report) error {
	switch {
	case o.Status == report.Status:
		return nil
	case report.Status == Missed && o.Execution.After(bankday.Of(u.now)):
		return errs.New(errs.InvalidState, "Occurrence %d is due on %s. Report it as missed after that day.", o.Number, dateText(o.Execution))
	}
	if o.Status == Expected && o.LinkID != "" {
		if err := u.revoke(ctx, *o); err != nil {
			return err
		}
	}
	after, ok, err := u.settle(ctx, *o, report.Status, ByMerchant, "", why{cause: CauseMerchant, actor: report.Actor, note: report.Note})
	if err != nil {
		return err
	}
	if !ok {
		return errs.New(errs.InvalidState, "Occurrence %d is %s (%s). What was seen cannot be changed by a report.", o.Number, o.Status, o.Evidence)
	}
	*o = after
	return u.completeIfOver(ctx)
}
