package invoice

import (
	"cmp"
	"slices"

	"european-pay.eu/eupay/internal/money"
)

// cell is what a document sells of one nature at one VAT rate, after its discount. Over a document the nets add up to its
// Totals.Net, and what the taxes add up to is Totals.Tax.
type cell struct {
	group
	Nature     Nature
	Gross, Net money.Cents
}

func (c cell) key() cell { return cell{group: c.group, Nature: c.Nature} }

func (c cell) tax() money.Cents { return c.Gross - c.Net }

// cells of a document, in the order of its VAT; goods come before services.
func cells(d Document) []cell {
	sums := map[cell]cell{}
	for _, l := range d.Lines {
		k := cell{group: group{l.Category, l.Rate}, Nature: l.Nature}
		c := sums[k]
		c.group, c.Nature, c.Gross, c.Net = k.group, k.Nature, c.Gross+l.Gross, c.Net+l.Net
		sums[k] = c
	}
	list := make([]cell, 0, len(sums))
	for _, c := range sums {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b cell) int { return cmp.Or(a.order(b.group), cmp.Compare(a.Nature, b.Nature)) })
	for _, a := range d.Allowances {
		discountCells(list, d, a)
	}
	return list
}

// discountCells takes an allowance off the cells of its rate. Their tax is then their share of the rate's.
func discountCells(list []cell, d Document, a Allowance) {
	g := group{a.Category, a.Rate}
	var own []*cell
	var grosses []money.Cents
	for i := range list {
		if list[i].group == g {
			own, grosses = append(own, &list[i]), append(grosses, list[i].Gross)
		}
	}
	for i, off := range apportion(a.Gross, grosses) {
		own[i].Gross -= off
		grosses[i] -= off
	}
	for i, tax := range apportion(taxOf(d, g), grosses) {
		own[i].Net = own[i].Gross - tax
	}
}

func taxOf(d Document, g group) money.Cents {
	for _, v := range d.VAT {
		if v.Category == g.Category && v.Rate == g.Rate {
			return v.Tax
		}
	}
	return 0
}
