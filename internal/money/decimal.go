package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotADecimal is the error of ParseDecimal for an invalid text.
var ErrNotADecimal = errors.New("not a decimal number, or too many decimals")

// maxWhole is the maximum number of integer digits for ParseDecimal.
const maxWhole = 12

// ParseDecimal parses a JSON number without an exponent as an integer in units of 10^-scale; scale is at most 6. Trailing zeros
// do not count as decimals: 5.50 is 5.5.
func ParseDecimal(text string, scale int) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if hasPoint {
		fraction = strings.TrimRight(fraction, "0")
	}
	if whole == "" || len(whole) > maxWhole || len(fraction) > scale || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, ErrNotADecimal
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil {
		return 0, ErrNotADecimal
	}
	if negative {
		n = -n
	}
	return n, nil
}

// FormatDecimal formats n units of 10^-scale with as many decimals as needed, but at least least.
func FormatDecimal(n int64, scale, least int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := fmt.Sprintf("%0*d", scale+1, n)
	whole, fraction := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	for len(fraction) < least {
		fraction += "0"
	}
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// E4 is an amount in ten-thousandths of a euro: a price without VAT, which two decimals cannot represent.
type E4 int64

// MarshalJSON writes a JSON number with as many decimals as needed: 3.1818, 3.5, 3.
func (e E4) MarshalJSON() ([]byte, error) { return []byte(FormatDecimal(int64(e), 4, 0)), nil }
