package link

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// Consumer is the name of the durable consumer that settles uses.
const Consumer = "links"

// Subjects are the subjects of the events that settle a use. A refund does not reopen a link: what was paid was used.
var Subjects = []string{
	"eupay.evt.*.payment.completed.*", "eupay.evt.*.payment.failed.*", "eupay.evt.*.payment.cancelled.*", "eupay.evt.*.payment.late_receipt.*",
}

// Ignores reports that an event is about a payment without a link, which most are.
func Ignores(e consume.Event) bool {
	c := &eventsv1.PaymentChanged{}
	return proto.Unmarshal(e.Data, c) == nil && c.GetPayment().GetPaymentLinkId() == ""
}

// outcome is what an event means for the use of a link.
type outcome struct {
	link, reference string
	// paid is what came; 0: the payment ended unpaid.
	paid money.Cents
}

// Handle settles the uses of the links whose payments have ended. Order does not matter: a use that is paid stays paid.
func (l *Links) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	var outcomes []outcome
	for _, e := range batch {
		c := &eventsv1.PaymentChanged{}
		if err := proto.Unmarshal(e.Data, c); err != nil {
			return consume.Poison(fmt.Errorf("read payment event: %w", err))
		}
		if p := c.GetPayment(); p.GetPaymentLinkId() != "" {
			outcomes = append(outcomes, outcomeOf(e.Type, c))
		}
	}
	// Links are locked in one order, so that two transactions with several links cannot wait for each other.
	slices.SortStableFunc(outcomes, func(a, b outcome) int { return cmp.Compare(a.link, b.link) })
	for _, o := range outcomes {
		if err := l.settle(ctx, tx, o); err != nil {
			return err
		}
	}
	return nil
}

func outcomeOf(event string, c *eventsv1.PaymentChanged) outcome {
	p := c.GetPayment()
	o := outcome{link: p.GetPaymentLinkId(), reference: p.GetReference()}
	switch event {
	case "payment.completed":
		o.paid = money.Cents(p.GetAmountCents())
	case "payment.late_receipt":
		o.paid = money.Cents(p.GetLateReceipt().GetAmountCents())
	}
	return o
}

func (l *Links) settle(ctx context.Context, tx pgx.Tx, o outcome) error {
	x, err := l.lock(ctx, tx, o.link)
	if err != nil {
		return err
	}
	state, err := l.useOf(ctx, tx, o)
	if errors.Is(err, pgx.ErrNoRows) {
		return consume.Poison(fmt.Errorf("payment %s has no use of link %s", o.reference, o.link))
	}
	switch {
	case err != nil:
		return err
	case o.paid > 0 && state != usePaid:
		return l.settlePaid(ctx, tx, x, state, o)
	case o.paid == 0 && state == useOpen:
		return l.release(ctx, tx, &x, o)
	default:
		return nil // known
	}
}

// release gives the place of a payment that ended unpaid back to the stock.
func (l *Links) release(ctx context.Context, tx pgx.Tx, x *Link, o outcome) error {
	x.UsesOpen--
	if err := l.setUse(ctx, tx, o, useReleased); err != nil {
		return err
	}
	return l.writeCounts(ctx, tx, *x)
}

// settlePaid counts a payment whose money came, also when the link has ended in the meantime.
func (l *Links) settlePaid(ctx context.Context, tx pgx.Tx, x Link, state string, o outcome) error {
	switch {
	case state == useOpen:
		x.UsesOpen--
		x.UsesPaid++
	case x.hasRoom():
		x.UsesPaid++
	default:
		x.UsesBeyond++
	}
	total, err := x.AmountPaid.Add(o.paid)
	if err != nil {
		return consume.Poison(fmt.Errorf("add the payments of link %s: %w", x.ID, err))
	}
	x.AmountPaid = total
	to := x.Status
	if x.usedUp() {
		to = Paid
	}
	if err := l.setUse(ctx, tx, o, usePaid); err != nil {
		return err
	}
	_, err = l.apply(ctx, tx, x, Change{To: to, What: "paid", Payment: o.reference, Amount: o.paid, Event: "payment_link.paid"})
	return err
}
