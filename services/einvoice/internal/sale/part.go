package sale

import (
	"cmp"
	"slices"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Part is what was sold of one nature at one rate, VAT included, in cents.
type Part struct {
	Nature     invoice.Nature `json:"nature"`
	VATPerMill vat.Rate       `json:"rate"`
	Amount     money.Cents    `json:"amount"`
}

// facts are all that is known of a payment. What is reported of it follows from them alone, in whatever order they came.
type facts struct {
	reference string
	on        invoice.Date
	amount    money.Cents
	// order is the split of the order that it paid; empty if there is none.
	order []Part
	// setting is the merchant's setting when it came; nil if there was none.
	setting *Part
	// untaxed: every rate is 0. onDebits: payments of services are not reported.
	untaxed, onDebits bool
	// invoiced are the parts of invoices that were made for it.
	invoiced []Part
	// credited is what credit notes gave back of those invoices: refunds up to it are not reported again.
	credited money.Cents
	// refunds in the order in which they were recorded.
	refunds []refund
}

type refund struct {
	reference string
	on        invoice.Date
	amount    money.Cents
	// parts are what it gives back of an order; empty if nobody said.
	parts []Part
}

// entry is what a report takes from a payment, a refund or a till, as a row of consumer_parts.
type entry struct {
	source     string
	on         invoice.Date
	nature     invoice.Nature
	rate       vat.Rate
	net, tax   money.Cents
	reportable bool
}

// unknown reports whether a part of the payment is in no report because nobody said what its VAT is.
func (f facts) unknown() bool {
	left := f.amount - sum(f.invoiced)
	back := -f.credited
	for _, r := range f.refunds {
		back += r.amount
	}
	return len(f.order) == 0 && f.setting == nil && left > max(0, back)
}

// entries returns what is reported of a payment: what it sold, less what invoices report of it, and what refunds gave back of the rest.
func (f facts) entries() []entry {
	left := less(f.sold(), f.invoiced)
	var list []entry
	for _, p := range left {
		if p.Amount > 0 {
			list = append(list, f.entry(f.reference, f.on, p, p.Amount))
		}
	}
	covered := f.credited
	for _, r := range f.refunds {
		by := min(covered, r.amount)
		covered -= by
		list = append(list, f.refund(r, r.amount-by, left)...)
	}
	return slices.DeleteFunc(list, func(e entry) bool { return e.nature == tip })
}

// sold returns the parts of the whole payment. What it paid of an order is spread over the order in proportion.
func (f facts) sold() []Part {
	parts := f.order
	switch {
	case len(parts) > 0:
	case f.setting != nil:
		parts = []Part{{f.setting.Nature, f.setting.VATPerMill, f.amount}}
	default:
		return nil
	}
	parts = f.rated(parts)
	shares := money.Apportion(f.amount, amounts(parts))
	for i := range parts {
		parts[i].Amount = shares[i]
	}
	return parts
}

// refund takes an amount from what is left of the parts, so that a complete refund leaves nothing at any rate.
func (f facts) refund(r refund, amount money.Cents, left []Part) (list []entry) {
	for i, share := range f.shares(r, amount, left) {
		if share == 0 {
			continue
		}
		p := &left[i]
		e := f.entry(r.reference, r.on, *p, share)
		e.net, e.tax = -e.net, -e.tax
		p.Amount -= share
		list = append(list, e)
	}
	return list
}

// entry returns amount out of what is left of p. The VAT is that of what is left before less that of what is left after, so that the VAT of all
// that is ever taken is the VAT of the whole to the cent.
func (f facts) entry(source string, on invoice.Date, p Part, amount money.Cents) entry {
	tax := vat.In(p.Amount, p.VATPerMill) - vat.In(p.Amount-amount, p.VATPerMill)
	return entry{
		source: source, on: on, nature: p.Nature, rate: p.VATPerMill, net: amount - tax, tax: tax,
		reportable: p.Nature == invoice.Services && !f.onDebits,
	}
}

// less takes the invoiced parts from those sold: at the same nature and rate first. What is invoiced at others, because only a setting said
// what was sold, comes from the rest in proportion.
func less(sold, invoiced []Part) []Part {
	var elsewhere money.Cents
	for _, p := range merge(invoiced) {
		i := slices.IndexFunc(sold, func(s Part) bool { return s.Nature == p.Nature && s.VATPerMill == p.VATPerMill })
		if i < 0 {
			elsewhere += p.Amount
			continue
		}
		here := min(p.Amount, sold[i].Amount)
		sold[i].Amount -= here
		elsewhere += p.Amount - here
	}
	for i, share := range spread(min(elsewhere, sum(sold)), sold) {
		sold[i].Amount -= share
	}
	return sold
}

// merge adds up parts of one nature and rate, the highest rate first.
func merge(parts []Part) []Part {
	var list []Part
	for _, p := range parts {
		i := slices.IndexFunc(list, func(s Part) bool { return s.Nature == p.Nature && s.VATPerMill == p.VATPerMill })
		if i < 0 {
			list = append(list, p)
		} else {
			list[i].Amount += p.Amount
		}
	}
	slices.SortFunc(list, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.VATPerMill, a.VATPerMill), cmp.Compare(a.Nature, b.Nature))
	})
	return list
}

func amounts(parts []Part) []money.Cents {
	list := make([]money.Cents, len(parts))
	for i, p := range parts {
		list[i] = p.Amount
	}
	return list
}

func sum(parts []Part) (total money.Cents) {
	for _, p := range parts {
		total += p.Amount
	}
	return total
}
