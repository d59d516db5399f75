package web

import (
	"errors"
	"strings"

	"european-pay.eu/eupay/internal/money"
)

// Amount is an amount of euros in a request body: a JSON number, parsed from its text. Decode refuses strings, exponents and more
// than two decimals; the handler checks the range.
type Amount struct {
	cents money.Cents
	given bool
}

// Cents returns the amount; 0 if the field was absent.
func (a Amount) Cents() money.Cents { return a.cents }

// Given reports whether the field was in the body, and not null.
func (a Amount) Given() bool { return a.given }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil // absent
	}
	cents, err := money.Parse(string(text))
	switch {
	case err == nil:
		a.cents, a.given = cents, true
		return nil
	case errors.Is(err, money.ErrManyDecimals):
		return Refusal("must have at most two decimals")
	case errors.Is(err, money.ErrOutOfRange):
		return Refusal("is out of range")
	case len(text) > 0 && text[0] == '"':
		return Refusal("must be a number, not a string")
	case len(text) > 0 && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && strings.ContainsAny(string(text), "eE"):
		return Refusal("must be written without an exponent")
	default:
		return Refusal("must be a number")
	}
}
