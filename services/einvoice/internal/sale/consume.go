package sale

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Subjects are those of the events that Apply needs, beside completed payments. An order has its lines from its first event on.
var Subjects = []string{
	"eupay.evt.*.payment.late_receipt.>", "eupay.evt.*.refund.completed.>", "eupay.evt.*.order.awaiting_payment.>", "eupay.evt.*.order.received.>",
	"eupay.evt.*.till.receipt.>",
	"eupay.evt.*.order.lines_cancelled.>", "eupay.evt.*.order.cancelled.>", "eupay.evt.*.order.refund_requested.>",
	"eupay.evt.*.bill.share_paid.>",
}

// The types of events.
const (
	paymentCompleted = "payment.completed"
	lateReceipt      = "payment.late_receipt"
	refundCompleted  = "refund.completed"
	tillReceipt      = "till.receipt"
	orderEvents      = "order."
	sharePaid        = "bill.share.paid"
	currency         = "EUR"
	dineIn           = "dine_in"
)

// Event is an event about a sale: one of its fields is set.
type Event struct {
	Payment *paymentsv1.Payment
	Refund  *paymentsv1.Payment
	Order   *eventsv1.OrderChanged
	// Receipt is money at the counter of the merchant.
	Receipt *eventsv1.TillReceipt
	// Share is a part of a bill, whose payment has its id as that of its order.
	Share *eventsv1.BillChanged
	// At is when the money came or was given back.
	At time.Time
}

// Read decodes the events that are about sales; others are left out. now stands for a time that an event lacks.
func Read(batch []consume.Event, now time.Time) ([]Event, error) {
	var list []Event
	for _, ev := range batch {
		e, err := read(ev, now)
		if err != nil {
			return nil, consume.Poison(fmt.Errorf("event %s: %w", ev.ID, err))
		}
		if e != (Event{}) {
			list = append(list, e)
		}
	}
	return list, nil
}

func read(ev consume.Event, now time.Time) (Event, error) {
	if strings.HasPrefix(ev.Type, orderEvents) {
		var o eventsv1.OrderChanged
		if err := proto.Unmarshal(ev.Data, &o); err != nil {
			return Event{}, err
		}
		return Event{Order: &o, At: now}, nil
	}
	switch ev.Type {
	case tillReceipt:
		return readReceipt(ev)
	case sharePaid:
		return readShare(ev, now)
	}
	var changed eventsv1.PaymentChanged
	if err := proto.Unmarshal(ev.Data, &changed); err != nil {
		return Event{}, err
	}
	p := changed.GetPayment()
	at := now
	if p.GetCompletedAt() != nil {
		at = p.GetCompletedAt().AsTime()
	}
	switch {
	case p.GetCurrency() != currency:
		return Event{}, nil
	case ev.Type == paymentCompleted && p.GetKind() == "payment":
		return Event{Payment: p, At: at}, nil
	case ev.Type == lateReceipt && p.GetLateReceipt() != nil:
		return Event{Payment: late(p), At: p.GetLateReceipt().GetReceivedAt().AsTime()}, nil
	case ev.Type == refundCompleted && p.GetOriginalReference() != "":
		return Event{Refund: p, At: at}, nil
	}
	return Event{}, nil
}

// late is a payment whose money came after it had ended, with the amount that came.
func late(p *paymentsv1.Payment) *paymentsv1.Payment {
	came, _ := proto.Clone(p).(*paymentsv1.Payment)
	came.AmountCents = p.GetLateReceipt().GetAmountCents()
	return came
}

// LockAll locks the payments of all events in one order, also those of orders that were paid before.
func LockAll(ctx context.Context, tx pgx.Tx, list []Event) error {
	var references, orders []string
	for _, e := range list {
		switch {
		case e.Payment != nil:
			references = append(references, e.Payment.GetReference())
		case e.Refund != nil:
			references = append(references, e.Refund.GetOriginalReference())
		case e.Receipt != nil:
			references = append(references, paymentOf(e.Receipt))
		case e.Share != nil:
			orders = append(orders, e.Share.GetShare().GetShareId())
		default:
			orders = append(orders, e.Order.GetOrderId())
		}
	}
	references = append(references, Touched(list)...)
	if len(orders) > 0 {
		paid, err := salesOfOrders(ctx, tx, orders)
		if err != nil {
			return err
		}
		references = append(references, paid...)
	}
	if len(references) == 0 {
		return nil
	}
	return Lock(ctx, tx, references...)
}

// Book records what events say about sales.
type Book struct {
	// Zone is the time zone of days: France.
	Zone *time.Location
	Now  func() time.Time
}

func (b Book) instant() time.Time { return b.Now().UTC().Truncate(time.Microsecond) }

// day is the day in France of a time, and never in the future, even if another clock is ahead.
func (b Book) day(at time.Time) invoice.Date {
	return min(invoice.DateOf(at, b.Zone), invoice.DateOf(b.Now(), b.Zone))
}

// Apply records events, the oldest first, once LockAll has their payments. forInvoice are the payments that were made for an invoice: they are no
// sales of their own.
func (b Book) Apply(ctx context.Context, tx pgx.Tx, list []Event, forInvoice map[string]bool) error {
	slices.SortStableFunc(list, func(x, y Event) int { return x.At.Compare(y.At) })
	for _, ev := range list {
		var err error
		switch {
		case ev.Payment != nil && !forInvoice[ev.Payment.GetReference()]:
			err = b.payment(ctx, tx, ev)
		case ev.Refund != nil:
			err = b.refund(ctx, tx, ev)
		case ev.Receipt != nil:
			err = b.receipt(ctx, tx, ev)
		case ev.Order != nil:
			err = b.order(ctx, tx, ev.Order)
		case ev.Share != nil:
			err = b.share(ctx, tx, ev.Share)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enrolment returns that of a merchant; false if it has none, so that nothing is reported for it.
func enrolment(ctx context.Context, tx pgx.Tx, merchant string, livemode bool) (enrol.Enrolment, bool, error) {
	e, err := enrol.Read(ctx, tx, merchant, livemode)
	if errs.Is(err, errs.NotEnrolled) {
		return enrol.Enrolment{}, false, nil
	}
	return e, err == nil, err
}

func (b Book) payment(ctx context.Context, tx pgx.Tx, ev Event) error {
	p := ev.Payment
	e, enrolled, err := enrolment(ctx, tx, p.GetMerchantId(), p.GetLivemode())
	if err != nil || !enrolled || e.Settings.SalesByTill || p.GetAmountCents() <= 0 {
		return err
	}
	f := facts{
		reference: p.GetReference(), on: b.day(ev.At), amount: money.Cents(p.GetAmountCents()), setting: settingOf(e.Settings),
		untaxed: e.Settings.Regime == invoice.RegimeFranchise, onDebits: e.Settings.VATOnDebits,
	}
	isNew, err := insertSale(ctx, tx, e, f, p.GetOrderId(), b.instant())
	if err != nil || !isNew {
		return err
	}
	return Restate(ctx, tx, e, f.reference, b.instant())
}

func (b Book) refund(ctx context.Context, tx pgx.Tx, ev Event) error {
	p := ev.Refund
	e, enrolled, err := enrolment(ctx, tx, p.GetMerchantId(), p.GetLivemode())
	if err != nil || !enrolled || p.GetAmountCents() <= 0 {
		return err
	}
	r := refund{reference: p.GetReference(), on: b.day(ev.At), amount: money.Cents(p.GetAmountCents())}
	isNew, err := insertRefund(ctx, tx, e, p.GetOriginalReference(), r, b.instant())
	if err != nil || !isNew {
		return err
	}
	return Restate(ctx, tx, e, p.GetOriginalReference(), b.instant())
}

// order records what an order costs at each rate, and what its refunds give back. Its payment may have come before.
func (b Book) order(ctx context.Context, tx pgx.Tx, o *eventsv1.OrderChanged) error {
	if err := b.cancelled(ctx, tx, o); err != nil {
		return err
	}
	return b.ordered(ctx, tx, o.GetMerchantId(), o.GetLivemode(), o.GetOrderId(), split(o), o)
}

// ordered records the parts of what a payment pays that names id as its order; o is nil for a part of a bill.
func (b Book) ordered(ctx context.Context, tx pgx.Tx, merchant string, livemode bool, id string, parts []Part, o *eventsv1.OrderChanged) error {
	if len(parts) == 0 {
		return nil
	}
	e, enrolled, err := enrolment(ctx, tx, merchant, livemode)
	if err != nil || !enrolled {
		return err
	}
	isNew, err := insertOrder(ctx, tx, e, id, parts, b.instant())
	if err != nil {
		return err
	}
	isRequested := false
	if o != nil {
		isRequested, err = b.requested(ctx, tx, e, o)
	}
	if err != nil || !isNew && !isRequested {
		return err
	}
	references, err := salesOfOrder(ctx, tx, e, id)
	if err != nil {
		return err
	}
	for _, reference := range references {
		if err := Restate(ctx, tx, e, reference, b.instant()); err != nil {
			return err
		}
	}
	return nil
}

// split returns what an order costs at each rate; nil if a line does not say its rate, or nothing is paid with EU Pay.
func split(o *eventsv1.OrderChanged) []Part {
	if o.GetCurrency() != currency || o.GetPaymentStatus() == "not_required" {
		return nil
	}
	nature := natureOf(o)
	var parts []Part
	for _, l := range o.GetItems() {
		if l.VatRatePerMille == nil || l.GetTotalCents() < 0 {
			return nil
		}
		parts = append(parts, taxed(l, nature)...)
	}
	parts = merge(parts)
	if sum(parts) == 0 {
		return nil
	}
	return slices.DeleteFunc(parts, func(p Part) bool { return p.Amount == 0 })
}

// taxed returns what a line costs at each rate.
func taxed(l *eventsv1.OrderedItem, nature invoice.Nature) []Part {
	if len(l.GetTaxes()) == 0 {
		return []Part{{Nature: nature, VATPerMill: vat.Rate(l.GetVatRatePerMille()), Amount: money.Cents(l.GetTotalCents())}}
	}
	var parts []Part
	for _, s := range l.GetTaxes() {
		parts = append(parts, Part{Nature: nature, VATPerMill: vat.Rate(s.GetVatRatePerMille()), Amount: money.Cents(s.GetGrossCents())})
	}
	return parts
}
