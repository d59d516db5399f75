package invoice

import (
	"cmp"
	"slices"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// priceOfCent is one cent in units of Price.
const priceOfCent = 10_000

// group is everything with one VAT category and rate (BG-23).
type group struct {
	Category   Category
	VATPerMill vat.Rate
}

// order sorts by rate, highest first.
func (g group) order(h group) int {
	return cmp.Or(vat.Compare(h.VATPerMill, g.VATPerMill), cmp.Compare(g.Category, h.Category))
}

// lineGross is the price of a quantity, rounded half away from zero.
func lineGross(q Quantity, unit money.Cents) money.Cents {
	return money.Cents(money.MulDivHalfAway(int64(q), int64(unit), int64(One)))
}

// priced sets the net price of a line: its net amount divided by its quantity. Six decimals of a price (BR-FR-DEC-03) are not enough for
// large quantities: then it is the price of 10, 100 or 1000 units, so that price times quantity is the line to the
// cent. If the line's cents were moved to another line, it is the agreed price, because a price must be above zero.
func (l *Line) priced() {
	for base := One; base <= 1000*One; base *= 10 {
		p := money.MulDivHalfAway(int64(l.Net)*priceOfCent, int64(base), int64(l.Quantity))
		if p > 0 && money.MulDivHalfAway(p, int64(l.Quantity), int64(base)*priceOfCent) == int64(l.Net) {
			l.NetPrice, l.PriceBase = Price(p), base
			if base == One {
				l.PriceBase = 0
			}
			return
		}
	}
	l.NetPrice, l.PriceBase = vat.Net(Price(l.UnitGross)*priceOfCent, l.VATPerMill), 0
}

// UnitNet returns the net price of one unit, rounded to the decimals of a price.
func (l *Line) UnitNet() Price {
	if l.PriceBase == 0 {
		return l.NetPrice
	}
	return Price(money.MulDivHalfAway(int64(l.NetPrice), int64(One), int64(l.PriceBase)))
}

// price calculates all sums of a document from the Quantity, UnitGross, Category and VATPerMill of its lines and a discount on
// the whole. For each rate, the VAT is extracted from the gross amount, and the net amounts are adjusted to add up to the rest.
// So the customer pays the prices to the cent, and BR-CO-10 to BR-CO-16 hold. The discount is less than the sum of the lines.
func (d *Document) price(discount money.Cents, prepaid bool) {
	grosses := map[group]money.Cents{}
	for i := range d.Lines {
		l := &d.Lines[i]
		l.Gross = lineGross(l.Quantity, l.UnitGross)
		grosses[group{l.Category, l.VATPerMill}] += l.Gross
	}
	groups := make([]group, 0, len(grosses))
	for g := range grosses {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, group.order)
	weights := make([]money.Cents, len(groups))
	for i, g := range groups {
		weights[i] = grosses[g]
	}
	for i, share := range money.Apportion(discount, weights) {
		d.priceGroup(groups[i], weights[i], share)
	}
	d.sum(prepaid)
}

// priceGroup adds the VAT and the allowance of one group, and sets the net amounts of its lines.
func (d *Document) priceGroup(g group, gross, discount money.Cents) {
	tax := vat.In(gross-discount, g.VATPerMill)
	if deposit, before := d.deductedAt(g); deposit > 0 {
		// The VAT of the deposits was invoiced with them: what is left must be within what is still to be paid.
		tax = max(0, min(max(tax, before), before+gross-discount-deposit))
	}
	v := VAT{Category: g.Category, VATPerMill: g.VATPerMill, Base: gross - discount - tax, Tax: tax}
	d.VAT = append(d.VAT, v)
	var allowance money.Cents
	if discount > 0 {
		allowance = vat.Net(discount, g.VATPerMill)
		d.Allowances = append(d.Allowances, Allowance{Net: allowance, Gross: discount, Reason: allowanceReason, Category: g.Category, VATPerMill: g.VATPerMill})
	}
	lines := make([]*Line, 0, len(d.Lines))
	for i := range d.Lines {
		if l := &d.Lines[i]; g == (group{l.Category, l.VATPerMill}) {
			lines = append(lines, l)
		}
	}
	fitNets(lines, v.Base+allowance, g.VATPerMill)
}

// fitNets sets net amounts that add up to want, which is between zero and the sum of the lines. Rounding differences are
// distributed over the largest lines, one cent each, and never make a net amount negative or larger than the gross amount.
func fitNets(lines []*Line, want money.Cents, r vat.Rate) {
	for _, l := range lines {
		l.Net = vat.Net(l.Gross, r)
		want -= l.Net
	}
	largest := slices.Clone(lines)
	slices.SortStableFunc(largest, func(a, b *Line) int { return cmp.Compare(b.Gross, a.Gross) })
	for want != 0 {
		for _, l := range largest {
			switch {
			case want > 0 && l.Net < l.Gross:
				l.Net, want = l.Net+1, want-1
			case want < 0 && l.Net > 0:
				l.Net, want = l.Net-1, want+1
			}
		}
	}
	for _, l := range lines {
		l.priced()
	}
}

// sum sets the totals (BR-CO-10 to BR-CO-16). prepaid means that the total was paid before.
func (d *Document) sum(prepaid bool) {
	var t Totals
	for _, l := range d.Lines {
		t.LineNet += l.Net
	}
	for _, a := range d.Allowances {
		t.Allowances += a.Net
	}
	for _, v := range d.VAT {
		t.Tax += v.Tax
	}
	t.Net = t.LineNet - t.Allowances
	t.Gross = t.Net + t.Tax
	t.Prepaid = d.Deposited()
	if prepaid {
		t.Prepaid = t.Gross
	}
	t.Due = t.Gross - t.Prepaid
	d.Totals = t
}
