package invoice

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Quantity is a number of units in ten-thousandths: 1 is 10000 (BR-FR-DEC-02 allows four decimals).
type Quantity int64

// Price is a price of one unit in millionths of a euro (BR-FR-DEC-03 allows six decimals).
type Price int64

// Rate is a VAT rate in tenths of a percent: 20 % is 200, 5.5 % is 55.
type Rate int64

const (
	quantityScale = 4
	priceScale    = 6
	rateScale     = 1
	// One unit.
	One Quantity = 10_000
)

// errScale is what ParseQuantity and ParseRate refuse.
var errScale = errors.New("not a decimal number, or too many decimals")

// ParseQuantity reads a JSON number with at most four decimals and without an exponent.
func ParseQuantity(text string) (Quantity, error) {
	n, err := parseScaled(text, quantityScale)
	return Quantity(n), err
}

// ParseRate reads a percentage with at most one decimal, such as 5.5 or 20.
func ParseRate(text string) (Rate, error) {
	n, err := parseScaled(text, rateScale)
	return Rate(n), err
}

func parseScaled(text string, scale int) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if hasPoint {
		fraction = strings.TrimRight(fraction, "0")
	}
	if whole == "" || len(whole) > 12 || len(fraction) > scale || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, errScale
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil {
		return 0, errScale
	}
	if negative {
		n = -n
	}
	return n, nil
}

// String prints the quantity with the decimals it needs: 1, 0.333.
func (q Quantity) String() string { return scaled(int64(q), quantityScale, 0) }

// String prints the price with at least two and at most six decimals.
func (p Price) String() string { return scaled(int64(p), priceScale, 2) }

// String prints the rate always in the same way, as short as can be: 20, 5.5. BR-FR-DEC-04 allows four characters, and two
// spellings of one rate would split its sum (BR-S-08).
func (r Rate) String() string { return scaled(int64(r), rateScale, 0) }

// scaled prints n / 10^scale with at least low decimals.
func scaled(n int64, scale, low int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := fmt.Sprintf("%0*d", scale+1, n)
	whole, fraction := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	for len(fraction) < low {
		fraction += "0"
	}
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// mulDiv is a × b / c, rounded half away from zero. c is positive; the result must fit, which bounded inputs ensure.
func mulDiv(a, b, c int64) int64 {
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(c))
	if negative {
		return -int64(q)
	}
	return int64(q)
}

// divide is a × b / c rounded down, and its remainder. None is negative, c is positive, and the result must fit.
func divide(a, b, c int64) (quotient int64, remainder uint64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	return int64(q), r
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}
