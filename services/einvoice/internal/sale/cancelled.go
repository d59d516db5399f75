package sale

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// Cancelled is what a cancellation has left of an order.
type Cancelled struct {
	// Order is the merchant's number of the order.
	Order int64
	Left  []Part
	// Refund is the reference of the refund that was asked for with it; empty: none.
	Refund string
}

// GivenBack is a refund of a payment.
type GivenBack struct {
	Reference string
	Amount    money.Cents
	// Parts are what it gives back of an order; empty if nobody said.
	Parts []Part
	// At is when it was recorded.
	At time.Time
}

// Touched returns the payments of which events say that something was given back, or cancelled of their order.
func Touched(list []Event) []string {
	var references []string
	for _, e := range list {
		switch {
		case e.Refund != nil:
			references = append(references, e.Refund.GetOriginalReference())
		case e.Receipt != nil && e.Receipt.GetAmountCents() < 0:
			references = append(references, paymentOf(e.Receipt))
		case isCancelled(e.Order):
			references = append(references, e.Order.GetPaymentReference())
		}
	}
	slices.Sort(references)
	return slices.Compact(references)
}

// isCancelled reports whether an event says what was left of an order with a payment.
func isCancelled(o *eventsv1.OrderChanged) bool {
	return o.GetCancellation().GetCancellationId() != "" && o.GetPaymentReference() != "" && o.GetCurrency() == currency
}

// cancelled records what a cancellation has left of an order.
func (b Book) cancelled(ctx context.Context, tx pgx.Tx, o *eventsv1.OrderChanged) error {
	if !isCancelled(o) {
		return nil
	}
	e, enrolled, err := enrolment(ctx, tx, o.GetMerchantId(), o.GetLivemode())
	if err != nil || !enrolled {
		return err
	}
	left := []Part{}
	nature := natureOf(o)
	for _, l := range o.GetItems() {
		if l.VatRatePerMille == nil {
			return nil
		}
		left = append(left, subtract(taxed(l, nature), goneOf(l))...)
	}
	left = slices.DeleteFunc(merge(left), func(p Part) bool { return p.Amount <= 0 })
	return insertCancellation(ctx, tx, e, o, left, b.instant())
}

// goneOf returns what was cancelled of a line at each rate. An event from before the rates were told has the sum alone.
func goneOf(l *eventsv1.OrderedItem) []Part {
	var gone []Part
	for _, s := range l.GetCancelledTaxes() {
		gone = append(gone, Part{VATPerMill: vat.Rate(s.GetVatRatePerMille()), Amount: money.Cents(s.GetGrossCents())})
	}
	if len(gone) > 0 || l.GetCancelledCents() == 0 {
		return gone
	}
	gone = taxed(l, "")
	for i, share := range money.Apportion(money.Cents(l.GetCancelledCents()), amounts(gone)) {
		gone[i].Amount = share
	}
	return gone
}

// subtract takes what is gone from the parts of one line, each rate from its own.
func subtract(parts, gone []Part) []Part {
	for _, g := range gone {
		for i := range parts {
			if parts[i].VATPerMill == g.VATPerMill {
				parts[i].Amount -= g.Amount
				break
			}
		}
	}
	return parts
}
