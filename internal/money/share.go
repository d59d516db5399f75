package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// MulDivHalfAway returns a × b / c, rounded half away from zero (roundTiesToAway of IEEE 754). c must be positive, and the result
// must fit, which bounded inputs ensure; the product may exceed 64 bits.
func MulDivHalfAway(a, b, c int64) int64 {
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(c))
	if negative {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// Apportion splits total in proportion to weights by the largest remainder method: the parts add up to the total exactly, and if
// the total is at most the sum of the weights, no part is larger than its weight. Ties go to the first part. A total or a sum of
// zero gives zeros. No argument may be negative.
func Apportion(total Cents, weights []Cents) []Cents {
	parts := make([]Cents, len(weights))
	var sum Cents
	for _, w := range weights {
		sum += w
	}
	if total == 0 || sum == 0 {
		return parts
	}
	type rest struct {
		index     int
		remainder uint64
	}
	rests := make([]rest, len(weights))
	left := total
	for i, w := range weights {
		part, remainder := divide(total, w, sum)
		parts[i], rests[i] = part, rest{i, remainder}
		left -= part
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return cmp.Compare(b.remainder, a.remainder) })
	for _, r := range rests[:left] {
		parts[r.index]++
	}
	return parts
}

// divide returns a × b / c rounded down, and the remainder. No argument is negative, c is positive, and the result must fit.
func divide(a, b, c Cents) (quotient Cents, remainder uint64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	return Cents(q), r
}
