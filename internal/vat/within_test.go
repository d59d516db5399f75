package vat

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
)

func TestNoMoreIsTakenThanIsLeftAtARate(t *testing.T) {
	t.Parallel()
	left := []Share{{Intermediate, 300, 27}, {Standard, 600, 100}}
	for name, c := range map[string]struct{ want, get []Share }{
		"what is left":        {[]Share{{Standard, 120, 20}}, []Share{{Standard, 120, 20}}},
		"all of a rate":       {[]Share{{Standard, 600, 99}}, []Share{{Standard, 600, 100}}},
		"more than is left":   {[]Share{{Intermediate, 900, 82}, {Standard, 60, 10}}, []Share{{Intermediate, 300, 27}, {Standard, 60, 10}}},
		"a rate that is gone": {[]Share{{Reduced, 100, 5}}, nil},
	} {
		if got := Within(left, c.want); !slices.Equal(got, c.get) {
			t.Errorf("%s: %v, want %v", name, got, c.get)
		}
	}
}

func TestWhatIsLeftIsNeverNegative(t *testing.T) {
	t.Parallel()
	shares := func(t *rapid.T, most int64) (list []Share) {
		for _, r := range Rates {
			list = append(list, Whole(money.Cents(rapid.Int64Range(0, most).Draw(t, "gross")), r))
		}
		return Sum(list)
	}
	rapid.Check(t, func(t *rapid.T) {
		left := shares(t, 1000)
		for range 5 {
			left = Minus(left, Within(left, shares(t, 500)))
			for _, s := range left {
				if s.Gross <= 0 || s.VAT < 0 || s.VAT > s.Gross {
					t.Fatalf("left is %v", left)
				}
			}
		}
	})
}
