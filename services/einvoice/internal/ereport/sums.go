package ereport

import (
	"cmp"
	"slices"

	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// netNegativeDays offsets days with more refunds than receipts against other days of the same rate: first the earlier days,
// starting with the nearest, because what is refunded was received before, then the later days. A rate with more refunds than
// receipts in total keeps one negative amount, on its last such day: annex 7 V1.9 permits the minus sign (G7.07, which replaced
// G1.16), and there is no other way to report it. Days without an amount are omitted.
func netNegativeDays(sums []sum) []sum {
	rates := make(map[vat.Rate][]*sum)
	sums = slices.Clone(sums)
	for i := range sums {
		rates[sums[i].rate] = append(rates[sums[i].rate], &sums[i])
	}
	for _, days := range rates {
		slices.SortFunc(days, func(a, b *sum) int { return cmp.Compare(a.day, b.day) })
		netRate(days)
	}
	return slices.DeleteFunc(sums, func(s sum) bool { return s.amount == 0 })
}

// netRate nets the days of one rate, in chronological order.
func netRate(days []*sum) {
	var last *sum
	for i, back := range days {
		if back.amount >= 0 {
			continue
		}
		for _, other := range slices.Backward(days[:i]) {
			offset(back, other)
		}
		for _, other := range days[i+1:] {
			offset(back, other)
		}
		if back.amount < 0 {
			if last != nil {
				back.amount += last.amount
				last.amount = 0
			}
			last = back
		}
	}
}

// offset deducts as much of the refunds from another day as that day has received.
func offset(back, other *sum) {
	if take := min(-back.amount, other.amount); take > 0 {
		back.amount += take
		other.amount -= take
	}
}

// byDay groups sums by day, highest rate first.
func byDay(sums []sum) []platform.PaymentsDay {
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(b.rate, a.rate)) })
	var days []platform.PaymentsDay
	for _, s := range sums {
		if len(days) == 0 || days[len(days)-1].Date != s.day {
			days = append(days, platform.PaymentsDay{Date: s.day})
		}
		of := &days[len(days)-1]
		of.Parts = append(of.Parts, platform.RateAmount{VATPerMill: s.rate, Amount: s.amount})
	}
	return days
}
