package payments

import (
	"errors"
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const (
	// maxDeliveries is how many are shown, the newest ones, and maxAttempts how many of them with their attempts.
	maxDeliveries = 50
	maxAttempts   = 12
	// maxLinked bounds the invoices and the orders.
	maxLinked = 20
)

// moment is one thing that happened, of one kind: Change, Refund, Order, Invoice or Delivery is set.
type moment struct {
	At       time.Time
	Change   *eupay.PaymentChange
	First    bool
	Refund   *eupay.Payment
	Order    *eupay.Order
	Invoice  *eupay.Invoice
	Delivery *eupay.Delivery
}

// linked is what belongs to a payment. Invoices are also what corrects them.
type linked struct {
	History  []eupay.PaymentChange
	Refunds  []eupay.Payment
	Orders   []eupay.Order
	Invoices []eupay.Invoice
	Sent     []eupay.Delivery
}

// timeline is everything that happened to a payment, the oldest first. What happened at the same time is in the order of causes: the order,
// a change, a refund, an invoice, the webhook of it.
func (l linked) timeline() []moment {
	var all []moment
	for i, o := range l.Orders {
		all = append(all, moment{At: o.CreatedAt, Order: &l.Orders[i]})
	}
	for i, c := range l.History {
		all = append(all, moment{At: c.OccurredAt, Change: &l.History[i], First: i == 0})
	}
	for i, p := range l.Refunds {
		all = append(all, moment{At: p.CreatedAt, Refund: &l.Refunds[i]})
	}
	for i, v := range l.Invoices {
		all = append(all, moment{At: v.CreatedAt, Invoice: &l.Invoices[i]})
	}
	for i, d := range l.Sent {
		all = append(all, moment{At: d.CreatedAt, Delivery: &l.Sent[i]})
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	return all
}

// invoicesOf are those of a payment with what corrects them. A merchant without e-invoicing has none.
func invoicesOf(r *web.Request, reference string) ([]eupay.Invoice, error) {
	got, err := r.API.Invoices.List(r.Ctx(), eupay.InvoiceListParams{ListParams: eupay.ListParams{Limit: maxLinked}, PaymentReference: reference})
	if err != nil {
		return nil, withoutRight(err)
	}
	return got.Data, nil
}

// ordersOf are those that the payment pays, as a rule none or one.
func ordersOf(r *web.Request, reference string) ([]eupay.Order, error) {
	got, err := r.API.Orders.List(r.Ctx(), eupay.OrderListParams{ListParams: eupay.ListParams{Limit: maxLinked}, PaymentReference: reference})
	if err != nil {
		return nil, withoutRight(err)
	}
	return got.Data, nil
}

// withoutRight is nil for a refusal: what the reader may not see is not missing.
func withoutRight(err error) error {
	if errors.Is(err, eupay.ErrForbidden) || errors.Is(err, eupay.ErrNotEnrolled) {
		return nil
	}
	return err
}

// deliveries are those of the payment's events, the newest of them with each attempt.
func deliveries(r *web.Request, reference string) ([]eupay.Delivery, error) {
	got, err := r.API.WebhookDeliveries.List(r.Ctx(), eupay.DeliveryListParams{ListParams: eupay.ListParams{Limit: maxDeliveries}, Reference: reference})
	if err != nil {
		return nil, err
	}
	list := got.Data
	var calls []func() error
	for i := range list[:min(len(list), maxAttempts)] {
		calls = append(calls, func() error {
			d, err := r.API.WebhookDeliveries.Get(r.Ctx(), list[i].ID)
			if err == nil {
				list[i] = *d
			}
			return err
		})
	}
	_ = web.Together(calls...) // a delivery without its attempts says enough
	return list, nil
}
