package vat

import (
	"slices"

	"european-pay.eu/eupay/internal/money"
)

// Within returns want as far as it is left: at no rate more than left has, which must not be negative. What takes all of a rate takes all of its
// VAT, so that nothing else than nothing is left of it.
func Within(left, want []Share) []Share {
	var list []Share
	for _, w := range Sum(want) {
		i := slices.IndexFunc(left, func(s Share) bool { return s.Rate == w.Rate })
		if i < 0 || w.Gross <= 0 {
			continue
		}
		have := left[i]
		gross := min(w.Gross, have.Gross)
		tax := min(w.VAT, have.VAT)
		switch gross {
		case have.Gross:
			tax = have.VAT
		case w.Gross:
		default:
			tax = money.Cents(money.MulDivHalfAway(int64(have.VAT), int64(gross), int64(have.Gross)))
		}
		list = append(list, Share{Rate: w.Rate, Gross: gross, VAT: tax})
	}
	return Sum(list)
}
