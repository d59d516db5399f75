// Package money represents amounts in euros as integer cents and calculates with them. It uses no floats: amounts are parsed from
// and formatted to decimal text.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Cents is an amount in hundredths of the currency unit. It may be negative if it is a difference.
type Cents int64

// The errors of Parse. Callers turn them into their own messages.
var (
	ErrNotANumber   = errors.New("not a JSON number")
	ErrManyDecimals = errors.New("more than two decimals")
	ErrOutOfRange   = errors.New("out of range")
)

// maxDigits limits the integer part, so that no text can overflow int64 or be expensive to parse.
const maxDigits = 15

// Parse parses a JSON number (RFC 8259 section 6) without an exponent, such as 29.99, 30 or 0.5. Trailing zeros after the second
// decimal are refused as ErrManyDecimals: they express a precision that euros do not have.
func Parse(text string) (Cents, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if !isDigits(whole) || (len(whole) > 1 && whole[0] == '0') || (hasPoint && !isDigits(fraction)) {
		return 0, ErrNotANumber
	}
	if len(fraction) > 2 {
		return 0, ErrManyDecimals
	}
	if len(whole) > maxDigits {
		return 0, ErrOutOfRange
	}
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil {
		return 0, ErrOutOfRange
	}
	if negative {
		n = -n
	}
	return Cents(n), nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// String formats the amount with two decimals, such as "29.99" or "-0.50".
func (c Cents) String() string {
	sign, n := "", uint64(c)
	if c < 0 {
		sign, n = "-", uint64(-(c+1))+1 // also correct for the smallest int64
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// JSON formats the amount as the shortest JSON number, like JavaScript: 29.99, 29.9, 30.
func (c Cents) JSON() string {
	s := c.String()
	s = strings.TrimSuffix(s, "0")
	return strings.TrimSuffix(strings.TrimSuffix(s, "0"), ".")
}

// MarshalJSON writes a JSON number with at most two decimals.
func (c Cents) MarshalJSON() ([]byte, error) { return []byte(c.JSON()), nil }

// UnmarshalJSON decodes the output of MarshalJSON, with the rules of Parse; null changes nothing.
func (c *Cents) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	n, err := Parse(string(text))
	if err != nil {
		return err
	}
	*c = n
	return nil
}

// Add returns the sum, or ErrOutOfRange on overflow.
func (c Cents) Add(d Cents) (Cents, error) {
	if (d > 0 && c > math.MaxInt64-d) || (d < 0 && c < math.MinInt64-d) {
		return 0, ErrOutOfRange
	}
	return c + d, nil
}
