package ereport

import (
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

func TestRefundsAreNetted(t *testing.T) {
	t.Parallel()
	const a, b, c, d = invoice.Date("2026-11-01"), invoice.Date("2026-11-02"), invoice.Date("2026-11-03"), invoice.Date("2026-11-04")
	for name, x := range map[string]struct{ in, want []sum }{
		"nothing given back":         {[]sum{{a, 200, 100}, {b, 200, 50}}, []sum{{a, 200, 100}, {b, 200, 50}}},
		"the day before":             {[]sum{{a, 200, 100}, {b, 200, 80}, {c, 200, -30}}, []sum{{a, 200, 100}, {b, 200, 50}}},
		"days before, nearest first": {[]sum{{a, 200, 100}, {b, 200, 20}, {c, 200, -30}}, []sum{{a, 200, 90}}},
		"then days after":            {[]sum{{a, 200, 10}, {b, 200, -30}, {c, 200, 15}, {d, 200, 40}}, []sum{{d, 200, 35}}},
		"each rate for itself":       {[]sum{{a, 200, 100}, {a, 55, 10}, {b, 55, -10}}, []sum{{a, 200, 100}}},
		"below zero on the whole":    {[]sum{{a, 200, -10}, {b, 200, 30}, {c, 200, -40}, {d, 200, 5}}, []sum{{c, 200, -15}}},
		"only given back":            {[]sum{{a, 200, -10}, {b, 200, -20}}, []sum{{b, 200, -30}}},
		"no day is left":             {[]sum{{a, 200, -10}, {b, 200, 10}}, nil},
	} {
		got := netNegativeDays(x.in)
		if len(got) != len(x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%s: %v, want %v", name, got, x.want)
			}
		}
	}
}

// Netting changes no rate's sum, makes no day larger, and leaves at most one amount below zero at a rate, and then no other.
func TestNettingKeepsSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var in []sum
		given := make(map[sum]money.Cents)
		for i := range rapid.IntRange(0, 31).Draw(t, "days") {
			for _, rate := range []vat.Rate{200, 55} {
				s := sum{invoice.Date("2026-11-01").Add(i), rate, money.Cents(rapid.IntRange(-500, 500).Draw(t, "amount"))}
				in = append(in, s)
				given[sum{s.day, s.rate, 0}] = s.amount
			}
		}
		before, after := make(map[vat.Rate]money.Cents), make(map[vat.Rate]money.Cents)
		for _, s := range in {
			before[s.rate] += s.amount
		}
		lines, negative := make(map[vat.Rate]int), make(map[vat.Rate]int)
		for _, s := range netNegativeDays(in) {
			after[s.rate] += s.amount
			lines[s.rate]++
			was := given[sum{s.day, s.rate, 0}]
			if s.amount < 0 {
				negative[s.rate]++
			}
			if s.amount == 0 || s.amount > max(0, was) || s.amount < 0 && was >= 0 {
				t.Fatalf("%v was %s", s, was)
			}
		}
		for _, rate := range []vat.Rate{200, 55} {
			if before[rate] != after[rate] || negative[rate] > 0 && lines[rate] != 1 || (before[rate] < 0) != (negative[rate] > 0) {
				t.Fatalf("%v became %v", in, netNegativeDays(in))
			}
		}
	})
}
