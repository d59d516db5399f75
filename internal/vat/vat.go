// Package vat defines the VAT rates of France and extracts the VAT from gross amounts.
package vat

import "european-pay.eu/eupay/internal/money"

// Rate is a VAT rate per mille: 55 is 5.5 %. 0 means no VAT.
type Rate int32

// The rates of mainland France (CGI, articles 278 to 281 octies).
const (
	Standard     Rate = 200
	Intermediate Rate = 100
	Reduced      Rate = 55
	Special      Rate = 21
)

// Rates are the rates that an invoice may have in ascending order, including 0.
var Rates = []Rate{0, Special, Reduced, Intermediate, Standard}

// scale is the number of decimals of a percentage in units of Rate.
const scale = 1

// whole is 100 % in units of Rate.
const whole = 1000

var codes = map[Rate]string{Standard: "TVA20", Intermediate: "TVA10", Reduced: "TVA55", Special: "TVA21"}

// Code returns the French code of a rate; empty for 0 and for rates that France does not have.
func (r Rate) Code() string { return codes[r] }

// Parse parses a percentage with at most one decimal, such as 5.5 or 20. The error is money.ErrNotADecimal.
func Parse(text string) (Rate, error) {
	n, err := money.ParseDecimal(text, scale)
	if err == nil && int64(Rate(n)) != n {
		return 0, money.ErrNotADecimal
	}
	return Rate(n), err
}

// String formats the percentage in its shortest form: 20, 5.5. BR-FR-DEC-04 allows four characters, and two spellings of one rate
// would split its sum (BR-S-08).
func (r Rate) String() string { return money.FormatDecimal(int64(r), scale, 0) }

// Percent is a Rate that is encoded as a percentage in JSON.
type Percent Rate

// MarshalJSON writes a JSON number: 20, 5.5.
func (p Percent) MarshalJSON() ([]byte, error) { return []byte(Rate(p).String()), nil }

// In returns the VAT in a gross amount, rounded half away from zero.
func In(gross money.Cents, r Rate) money.Cents {
	return money.Cents(money.MulDivHalfAway(int64(gross), int64(r), whole+int64(r)))
}

// Net returns the net amount of a gross amount, in the same unit, rounded half away from zero.
func Net[T ~int64](gross T, r Rate) T {
	return T(money.MulDivHalfAway(int64(gross), whole, whole+int64(r)))
}

// Split splits a gross price into the net price and the VAT. The net price is rounded half away from zero and the VAT is the
// rest, so that both add up to the price exactly.
func Split(gross money.Cents, r Rate) (net, tax money.E4) {
	price := money.E4(gross) * 100
	net = Net(price, r)
	return net, price - net
}
