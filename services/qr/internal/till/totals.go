package till

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// Totals are the sums of a closing, computed from the journal alone. Amounts include VAT unless said otherwise.
type Totals struct {
	Orders int64 `json:"orders"`
	// Gross is what was ordered less what was cancelled, Net the same without VAT.
	Gross money.Cents     `json:"gross"`
	Net   money.Cents     `json:"net"`
	VAT   money.Cents     `json:"vat"`
	Taxes []journal.Share `json:"taxes"`
	// Discount was taken off before.
	Discount      money.Cents `json:"discount"`
	Cancellations int64       `json:"cancellations"`
	// Cancelled, Received and Refunded are not below zero.
	Cancelled money.Cents `json:"cancelled"`
	Received  money.Cents `json:"received"`
	Refunds   int64       `json:"refunds"`
	Refunded  money.Cents `json:"refunded"`
	// ReceivedTaxes are of what was received, less what was refunded.
	ReceivedTaxes []journal.Share `json:"received_taxes"`
	Methods       []Method        `json:"methods"`
	// Tips are no turnover.
	Tips money.Cents `json:"tips"`
}

// Method is what came and went by one means of payment.
type Method struct {
	Method   string      `json:"method"`
	Payments int64       `json:"payments"`
	Received money.Cents `json:"received"`
	Refunds  int64       `json:"refunds"`
	Refunded money.Cents `json:"refunded"`
	Tips     money.Cents `json:"tips"`
}

// Grand are the sums since the first record. They never go back.
type Grand struct {
	Total     money.Cents `json:"total"`
	Cancelled money.Cents `json:"cancelled"`
	Received  money.Cents `json:"received"`
	Refunded  money.Cents `json:"refunded"`
}

// plus adds the totals of a period: what was ordered, before cancellations.
func (g Grand) plus(t Totals) Grand {
	return Grand{g.Total + t.Gross + t.Cancelled, g.Cancelled + t.Cancelled, g.Received + t.Received, g.Refunded + t.Refunded}
}

// add takes a record into the totals.
func (t *Totals) add(r journal.Record) error {
	switch r.Kind {
	case journal.Ordered:
		t.Orders++
		t.sold(r.Amount, r.Taxes)
		return t.discount(r)
	case journal.Cancelled:
		t.Cancellations++
		t.Cancelled -= r.Amount
		t.sold(r.Amount, r.Taxes)
	case journal.Paid:
		m := t.method(r.Method)
		m.Payments++
		m.Received += r.Amount
		m.Tips += r.Tip
		t.Received += r.Amount
		t.Tips += r.Tip
		t.ReceivedTaxes = sum(t.ReceivedTaxes, journal.Shares(r.Taxes))
	case journal.Refunded:
		m := t.method(r.Method)
		m.Refunds++
		m.Refunded -= r.Amount
		m.Tips += r.Tip
		t.Refunds++
		t.Refunded -= r.Amount
		t.Tips += r.Tip
		t.ReceivedTaxes = sum(t.ReceivedTaxes, journal.Shares(r.Taxes))
	}
	return nil
}

func (t *Totals) sold(amount money.Cents, taxes []vat.Share) {
	_, tax := vat.Total(taxes)
	t.Gross += amount
	t.VAT += tax
	t.Net = t.Gross - t.VAT
	t.Taxes = sum(t.Taxes, journal.Shares(taxes))
}

// discount adds what the detail of an order says of it.
func (t *Totals) discount(r journal.Record) error {
	text, _ := r.Detail.(json.RawMessage)
	if text == nil {
		return nil
	}
	var d struct {
		Discount money.Cents `json:"discount"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("read the discount of record %d: %w", r.Sequence, err)
	}
	t.Discount += d.Discount
	return nil
}

func (t *Totals) method(name string) *Method {
	at, found := slices.BinarySearchFunc(t.Methods, name, func(m Method, name string) int { return cmp.Compare(m.Method, name) })
	if !found {
		t.Methods = slices.Insert(t.Methods, at, Method{Method: name})
	}
	return &t.Methods[at]
}

// join adds the totals of another period.
func (t *Totals) join(o Totals) {
	t.Orders += o.Orders
	t.Gross += o.Gross
	t.Net += o.Net
	t.VAT += o.VAT
	t.Taxes = sum(t.Taxes, o.Taxes)
	t.Discount += o.Discount
	t.Cancellations += o.Cancellations
	t.Cancelled += o.Cancelled
	t.Received += o.Received
	t.Refunds += o.Refunds
	t.Refunded += o.Refunded
	t.ReceivedTaxes = sum(t.ReceivedTaxes, o.ReceivedTaxes)
	t.Tips += o.Tips
	for _, other := range o.Methods {
		m := t.method(other.Method)
		m.Payments += other.Payments
		m.Received += other.Received
		m.Refunds += other.Refunds
		m.Refunded += other.Refunded
		m.Tips += other.Tips
	}
}

// sum adds up shares by rate.
func sum(a, b []journal.Share) []journal.Share {
	list := make([]vat.Share, 0, len(a)+len(b))
	for _, s := range slices.Concat(a, b) {
		list = append(list, vat.Share(s))
	}
	return journal.Shares(vat.Sum(list))
}
