package table

import (
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// line is one position of an order.
type line struct {
	ProductID, Name, Notes string
	// VariantID and VariantName are empty for a product without variants. Name has the variant's, too.
	VariantID, VariantName string
	Quantity               int32
	// Unit is the price in the catalog with the options, including VAT.
	Unit       money.Cents
	Options    []catalog.Chosen
	VATPerMill vat.Rate
	// Total is Quantity × Unit - Discount; VAT is included in Total.
	Discount, Total, VAT money.Cents
	// split is Total by rate when it is not all at VATPerMill.
	split []vat.Share
	// gone is what cancellations have taken out of Quantity, Total and taxes, which stay as they were.
	gone taken

	// kitchen is what the kitchen knows of it.
	kitchen kitchen.Line

	// wanted are the ids of options in the guest's request.
	wanted []string
	// Parts are what was chosen of a set menu. Unit includes their supplements and options.
	Parts []part
	// category is that of the product when it was ordered.
	category string
}

// totals of an order: Total = Subtotal - Discount, VAT is the sum of the lines'.
type totals struct {
	Subtotal, Discount, Total, VAT money.Cents
	// Offer is the name of the offer on the whole order; empty if none.
	Offer string
}

// price calculates the lines and returns their totals. For each line the best offer on its product applies, then for the whole
// order the best offer on orders. An offer on a product does not make its options cheaper. Each line is rounded half up. The discount
// of the order's offer is distributed over the lines proportionally by the largest remainder method, so that the lines add up to the
// total.
func price(lines []line, offers []offer, now time.Time) totals {
	var t totals
	for i := range lines {
		l := &lines[i]
		gross, options := money.Cents(l.Quantity)*l.Unit, money.Cents(l.Quantity)*l.extra()
		l.Total = gross
		for _, o := range offers {
			if o.ProductID == l.ProductID && o.valid(now) {
				l.Total = min(l.Total, o.ofLine(gross-options, l.Quantity)+options)
			}
		}
		t.Subtotal += gross
		t.Total += l.Total
	}
	off, by := t.bestOffer(lines, offers, now)
	spread(lines, off, by)
	t.Total -= off
	t.Discount = t.Subtotal - t.Total
	for i := range lines {
		l := &lines[i]
		l.Discount = money.Cents(l.Quantity)*l.Unit - l.Total
		l.tax()
		t.VAT += l.VAT
	}
	return t
}

// taxes returns the line's total by rate.
func (l *line) taxes() []vat.Share {
	if l.split != nil {
		return l.split
	}
	return []vat.Share{{Rate: l.VATPerMill, Gross: l.Total, VAT: l.VAT}}
}

// extra is what the options of one piece cost, and in a set menu its supplements.
func (l *line) extra() money.Cents {
	var sum money.Cents
	for _, o := range l.Options {
		sum += o.Price
	}
	for _, p := range l.Parts {
		sum += p.extra()
	}
	return sum
}

// bestOffer returns what the best offer on the order takes off, and that offer. One of a code counts for the lines that it is on.
func (t *totals) bestOffer(lines []line, offers []offer, now time.Time) (best money.Cents, by offer) {
	for _, o := range offers {
		if o.ProductID != "" || !o.valid(now) || t.Total < o.MinOrder {
			continue
		}
		off := o.ofOrder(o.base(lines, t.Total))
		o.code.gives(off)
		if off > best {
			best, by, t.Offer = off, o, o.Name
		}
	}
	by.code.wins()
	return best, by
}

// spread deducts off from the lines that the offer is on; off is at most their sum.
func spread(lines []line, off money.Cents, by offer) {
	totals := make([]money.Cents, len(lines))
	for i := range lines {
		if by.on(&lines[i]) {
			totals[i] = lines[i].Total
		}
	}
	for i, part := range money.Apportion(off, totals) {
		lines[i].Total -= part
	}
}
