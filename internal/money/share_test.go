package money

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The examples of roundTiesToAway in IEEE 754: 11.5 and 12.5, with either sign.
func TestHalvesAreRoundedAwayFromZero(t *testing.T) {
	for _, c := range [][4]int64{{23, 1, 2, 12}, {25, 1, 2, 13}, {-23, 1, 2, -12}, {25, -1, 2, -13}, {-25, -1, 2, 13}, {1, 1, 3, 0}, {2, 1, 3, 1}, {0, 5, 7, 0}} {
		if got := MulDivHalfAway(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d × %d / %d = %d, want %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

func TestARoundedQuotientIsTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, c := rapid.Int64Range(-1e17, 1e17).Draw(t, "a"), rapid.Int64Range(1, 1e17).Draw(t, "c")
		b := rapid.Int64Range(-c, c).Draw(t, "b")
		exact := new(big.Rat).SetInt64(a)
		exact.Mul(exact, new(big.Rat).SetFrac64(b, c))
		if got := big.NewInt(MulDivHalfAway(a, b, c)); got.String() != trimMinusZero(exact.FloatString(0)) {
			t.Fatalf("%d × %d / %d = %s, want %s", a, b, c, got, exact.FloatString(0))
		}
	})
}

func trimMinusZero(s string) string {
	if s == "-0" {
		return "0"
	}
	return s
}

// An example that is often published for the method: ten seats for 100,000 votes.
func TestTheLargestRemaindersGetTheRest(t *testing.T) {
	votes := []Cents{47_000, 16_000, 15_900, 12_000, 6_000, 3_100}
	if got, want := Apportion(10, votes), []Cents{5, 2, 1, 1, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := Apportion(1, []Cents{5, 5, 5}), []Cents{1, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("of equal remainders: %v, want %v", got, want)
	}
	if got, want := Apportion(7, []Cents{0, 0}), []Cents{0, 0}; !slices.Equal(got, want) {
		t.Errorf("without weights: %v, want %v", got, want)
	}
}

func TestPartsAddUpAndNoneExceedsItsWeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 1e15), func(n int64) Cents { return Cents(n) }), 1, 40).Draw(t, "weights")
		var sum Cents
		for _, w := range weights {
			sum += w
		}
		total := Cents(rapid.Int64Range(0, int64(sum)).Draw(t, "total"))
		left := total
		for i, part := range Apportion(total, weights) {
			if left -= part; part < 0 || part > weights[i] {
				t.Fatalf("a part of %s for the weight %s", part, weights[i])
			}
		}
		if left != 0 {
			t.Fatalf("%s of %s are in no part", left, total)
		}
	})
}
