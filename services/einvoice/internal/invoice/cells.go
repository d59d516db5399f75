package invoice

import (
	"cmp"
	"slices"

	"european-pay.eu/eupay/internal/money"
)

// cell is what a document sells of one nature at one VAT rate, after discounts and without the deposits that it deducts, which
// were sold by invoices of their own. Over a document without deposits, the net amounts add up to Totals.Net and the taxes to
// Totals.Tax.
type cell struct {
	group
	Nature     Nature
	Gross, Net money.Cents
}

func (c cell) key() cell { return cell{group: c.group, Nature: c.Nature} }

// cell returns the key of the cell that a line belongs to.
func (l *Line) cell() cell { return cell{group: group{l.Category, l.VATPerMill}, Nature: l.Nature} }

func (c cell) tax() money.Cents { return c.Gross - c.Net }

// cells returns the cells of a document, in the order of its VAT; goods come before services.
func cells(d Document) []cell {
	sums := map[cell]cell{}
	for _, l := range d.Lines {
		k := l.cell()
		c := sums[k]
		c.group, c.Nature, c.Gross, c.Net = k.group, k.Nature, c.Gross+l.Gross, c.Net+l.Net
		sums[k] = c
	}
	list := make([]cell, 0, len(sums))
	for _, c := range sums {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b cell) int { return cmp.Or(a.order(b.group), cmp.Compare(a.Nature, b.Nature)) })
	if !d.Type.IsCredit() {
		for _, v := range d.VAT {
			shareRate(list, d, v)
		}
	}
	return list
}

// shareRate deducts the allowance and the deposits of a rate from its cells and distributes the rest of its tax over them. (The lines of a credit
// note already have it.) The net amounts of the lines cannot be used, because they contain the rounding differences.
func shareRate(list []cell, d Document, v VAT) {
	g := group{v.Category, v.VATPerMill}
	var own []*cell
	var grosses []money.Cents
	for i := range list {
		if list[i].group == g {
			own, grosses = append(own, &list[i]), append(grosses, list[i].Gross)
		}
	}
	for i, off := range money.Apportion(discountAt(d, g), grosses) {
		grosses[i] -= off + d.deductedOf(*own[i])
		own[i].Gross = grosses[i]
	}
	_, before := d.deductedAt(g)
	for i, tax := range money.Apportion(v.Tax-before, grosses) {
		own[i].Net = own[i].Gross - tax
	}
}

// discountAt returns the allowance at a rate, including VAT.
func discountAt(d Document, g group) money.Cents {
	for _, a := range d.Allowances {
		if g == (group{a.Category, a.VATPerMill}) {
			return a.Gross
		}
	}
	return 0
}
