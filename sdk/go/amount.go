package eupay

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Amount is a sum of money in cents of a euro: 2999 are 29.99 euros. In JSON it is the number 29.99, written and read digit by
// digit: no amount is ever a float.
//
// Where an amount is optional, 0 stands for none unless the field says otherwise.
type Amount int64

// ErrAmount is what ParseAmount and reading an amount from JSON fail with.
var ErrAmount = errors.New("an amount is a number of euros with at most two decimals, such as 29.99")

// maxWhole is how many digits may stand before the point, so that no text overflows an int64.
const maxWhole = 15

// ParseAmount reads euros with at most two decimals and no exponent: "29.99", "30", "-0.5".
func ParseAmount(text string) (Amount, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	switch {
	case !onlyDigits(whole), point && !onlyDigits(fraction), len(whole) > 1 && whole[0] == '0', len(whole) > maxWhole, len(fraction) > 2:
		return 0, fmt.Errorf("%w, not %.40q", ErrAmount, text)
	}
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w, not %.40q", ErrAmount, text)
	}
	if negative {
		n = -n
	}
	return Amount(n), nil
}

func onlyDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is the amount in euros with two decimals: "29.99".
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -n // right for the smallest int64 too
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// MarshalJSON implements json.Marshaler.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON implements json.Unmarshaler. Null changes nothing.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	n, err := ParseAmount(string(text))
	if err == nil {
		*a = n
	}
	return err
}
