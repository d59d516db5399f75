package vat

import (
	"slices"

	"european-pay.eu/eupay/internal/money"
)

// Share is the part of an amount that is taxed at one rate.
type Share struct {
	Rate Rate `json:"rate"`
	// Gross includes VAT, which is what was rounded once, with the line.
	Gross money.Cents `json:"gross"`
	VAT   money.Cents `json:"vat"`
}

// Whole is an amount at one rate.
func Whole(gross money.Cents, r Rate) Share { return Share{Rate: r, Gross: gross, VAT: In(gross, r)} }

// Sum adds up shares by rate, the lowest rate first. Rates whose shares cancel out are left out.
func Sum(lists ...[]Share) []Share {
	var sum []Share
	for _, s := range slices.Concat(lists...) {
		at, found := slices.BinarySearchFunc(sum, s.Rate, func(have Share, r Rate) int { return Compare(have.Rate, r) })
		if !found {
			sum = slices.Insert(sum, at, Share{Rate: s.Rate})
		}
		sum[at].Gross += s.Gross
		sum[at].VAT += s.VAT
	}
	return slices.DeleteFunc(sum, func(s Share) bool { return s.Gross == 0 && s.VAT == 0 })
}

// Minus is what is left of shares.
func Minus(from, what []Share) []Share {
	less := make([]Share, len(what))
	for i, s := range what {
		less[i] = Share{Rate: s.Rate, Gross: -s.Gross, VAT: -s.VAT}
	}
	return Sum(from, less)
}

// Total returns the sums of shares.
func Total(shares []Share) (gross, tax money.Cents) {
	for _, s := range shares {
		gross += s.Gross
		tax += s.VAT
	}
	return gross, tax
}

// Portion returns the part of shares that makes up amount, which is at most their sum: each rate in proportion, by the largest remainder, with its
// part of that rate's VAT. No share may be negative. Several parts one after the other, such as partial refunds, add up to the whole when each
// is Minus(Portion(all, amount so far), Portion(all, amount before)).
func Portion(shares []Share, amount money.Cents) []Share {
	weights := make([]money.Cents, len(shares))
	for i, s := range shares {
		weights[i] = s.Gross
	}
	var parts []Share
	for i, gross := range money.Apportion(amount, weights) {
		if s := shares[i]; gross > 0 {
			parts = append(parts, Share{Rate: s.Rate, Gross: gross, VAT: money.Cents(money.MulDivHalfAway(int64(s.VAT), int64(gross), int64(s.Gross)))})
		}
	}
	return Sum(parts)
}
