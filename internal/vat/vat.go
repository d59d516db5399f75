// Package vat has the VAT rates of France, and takes the VAT out of amounts that include it.
package vat

import "european-pay.eu/eupay/internal/money"

// Rate is a VAT rate per mille: 55 is 5.5 %. 0 is no VAT.
type Rate int32

// The rates of mainland France (CGI, articles 278 to 281 octies).
const (
	Standard     Rate = 200
	Intermediate Rate = 100
	Reduced      Rate = 55
	Special      Rate = 21
)

// Rates are all that an invoice may have, the lowest first; 0 is among them.
var Rates = []Rate{0, Special, Reduced, Intermediate, Standard}

// scale is a percentage in units of Rate: it has one decimal.
const scale = 1

// whole is 100 % in units of Rate.
const whole = 1000

var codes = map[Rate]string{Standard: "TVA20", Intermediate: "TVA10", Reduced: "TVA55", Special: "TVA21"}

// Code is the French code of a rate; empty when it is no rate of France or 0.
func (r Rate) Code() string { return codes[r] }

// Parse reads a percentage with at most one decimal, such as 5.5 or 20. The error is money.ErrNotADecimal.
func Parse(text string) (Rate, error) {
	n, err := money.ParseDecimal(text, scale)
	if err == nil && int64(Rate(n)) != n {
		return 0, money.ErrNotADecimal
	}
	return Rate(n), err
}

// String prints the percentage always in the same way, as short as can be: 20, 5.5. BR-FR-DEC-04 allows four characters, and
// two spellings of one rate would split its sum (BR-S-08).
func (r Rate) String() string { return money.FormatDecimal(int64(r), scale, 0) }

// Percent is a Rate that JSON has as a percentage.
type Percent Rate

// MarshalJSON writes a JSON number: 20, 5.5.
func (p Percent) MarshalJSON() ([]byte, error) { return []byte(Rate(p).String()), nil }

// In is the VAT in an amount that includes it, rounded half away from zero.
func In(gross money.Cents, r Rate) money.Cents {
	return money.Cents(money.MulDivHalfAway(int64(gross), int64(r), whole+int64(r)))
}

// Net is an amount without the VAT that is in it, in the unit of the amount, rounded half away from zero.
func Net[T ~int64](gross T, r Rate) T {
	return T(money.MulDivHalfAway(int64(gross), whole, whole+int64(r)))
}

// Split parts a price into what it is without VAT and the VAT. The first is rounded half away from zero and the second is the
// rest, so that together they are the price exactly.
func Split(gross money.Cents, r Rate) (net, tax money.E4) {
	price := money.E4(gross) * 100
	net = Net(price, r)
	return net, price - net
}
