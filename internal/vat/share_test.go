package vat

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
)

func TestSharesAddUpByRate(t *testing.T) {
	t.Parallel()
	got := Sum([]Share{Whole(1200, Standard), Whole(1100, Intermediate)}, []Share{Whole(600, Standard), {Intermediate, -1100, -100}})
	if want := []Share{{Standard, 1800, 300}}; !slices.Equal(got, want) {
		t.Errorf("the sum is %v, not %v", got, want)
	}
	if got := Portion([]Share{{Intermediate, 700, 64}, {Standard, 300, 50}}, 500); !slices.Equal(got, []Share{{Intermediate, 350, 32}, {Standard, 150, 25}}) {
		t.Errorf("the half is %v", got)
	}
}

// A set menu that is given back in any steps is given back once, at each rate.
func TestPartsOneAfterTheOtherAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []Share
		for _, r := range Rates {
			all = append(all, Whole(money.Cents(rapid.Int64Range(0, 1_000_00).Draw(t, "gross")), r))
		}
		all = Sum(all)
		whole, _ := Total(all)
		var back, before []Share
		for amount := money.Cents(0); amount < whole; {
			amount = min(whole, amount+money.Cents(rapid.Int64Range(1, 500_00).Draw(t, "step")))
			now := Portion(all, amount)
			if gross, _ := Total(now); gross != amount {
				t.Fatalf("a part of %d has %d", amount, gross)
			}
			back, before = Sum(back, Minus(now, before)), now
		}
		if !slices.Equal(back, all) {
			t.Fatalf("%v was given back of %v", back, all)
		}
	})
}
