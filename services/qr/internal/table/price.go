package table

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// line is one position of an order.
type line struct {
	ProductID, Name, Notes string
	Quantity               int32
	// Unit is the price in the catalog, VAT included.
	Unit       money.Cents
	VATPerMill int32
	// Total is Quantity × Unit - Discount; VAT is in Total.
	Discount, Total, VAT money.Cents
}

// totals of an order: Total = Subtotal - Discount, VAT is the sum of the lines'.
type totals struct {
	Subtotal, Discount, Total, VAT money.Cents
	// Offer is the name of the offer on the whole order; empty: none.
	Offer string
}

// price fills in the lines and returns their totals. For each line the best offer on its product counts, then for the
// whole order the best offer on orders. Each line is rounded half up. What the order's offer takes off is spread over the
// lines in proportion, by largest remainder, so that lines add up to the total.
func price(lines []line, offers []offer, now time.Time) totals {
	var t totals
	for i := range lines {
		l := &lines[i]
		gross := money.Cents(l.Quantity) * l.Unit
		l.Total = gross
		for _, o := range offers {
			if o.ProductID == l.ProductID && o.valid(now) {
				l.Total = min(l.Total, o.ofLine(gross, l.Quantity))
			}
		}
		t.Subtotal += gross
		t.Total += l.Total
	}
	off := t.bestOffer(offers, now)
	spread(lines, t.Total, off)
	t.Total -= off
	t.Discount = t.Subtotal - t.Total
	for i := range lines {
		l := &lines[i]
		l.Discount = money.Cents(l.Quantity)*l.Unit - l.Total
		l.VAT = vatIn(l.Total, l.VATPerMill)
		t.VAT += l.VAT
	}
	return t
}

func (t *totals) bestOffer(offers []offer, now time.Time) money.Cents {
	var best money.Cents
	for _, o := range offers {
		if o.ProductID != "" || !o.valid(now) || t.Total < o.MinOrder {
			continue
		}
		if off := o.ofOrder(t.Total); off > best {
			best, t.Offer = off, o.Name
		}
	}
	return best
}

// spread takes off cents from lines that sum up to total; off is at most total.
func spread(lines []line, total, off money.Cents) {
	if off == 0 {
		return
	}
	type share struct {
		line      int
		remainder uint64
	}
	shares := make([]share, len(lines))
	left := off
	for i := range lines {
		part, remainder := mulDiv(lines[i].Total, off, total)
		lines[i].Total -= part
		left -= part
		shares[i] = share{i, remainder}
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.remainder, a.remainder) })
	for i := range int(left) { // fewer than lines with a remainder
		lines[shares[i].line].Total--
	}
}

// mulDiv is a × b / c for numbers that are not negative, with b ≤ c and c > 0. The product may be wider than 64 bits.
func mulDiv(a, b, c money.Cents) (money.Cents, uint64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	quotient, remainder := bits.Div64(hi, lo, uint64(c))
	return money.Cents(quotient), remainder
}

// vatIn is the tax in an amount that includes it, rounded half up.
func vatIn(gross money.Cents, perMille int32) money.Cents {
	return halfUp(int64(gross)*int64(perMille), 1000+int64(perMille))
}

// netE4 is a price without its VAT in ten-thousandths of a euro, rounded half up: 3.50 with 10 % is 3.1818.
func netE4(gross money.Cents, perMille int32) int64 {
	return int64(halfUp(int64(gross)*100*1000, 1000+int64(perMille)))
}

// halfUp divides a number that is not negative.
func halfUp(a, b int64) money.Cents { return money.Cents((2*a + b) / (2 * b)) }
