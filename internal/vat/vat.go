// Package vat defines the VAT rates of France and extracts the VAT from gross amounts.
package vat

import (
	"cmp"

	"european-pay.eu/eupay/internal/money"
)

// Rate is a VAT rate per mille: 55 is 5.5 %. 0 means no VAT. Rates with a second decimal, which only overseas departments have, are fine
// more than their hundredths of a percent: stored numbers keep their meaning, and no rate is a thousand percent. So rates are compared
// with Compare.
type Rate int32

// fine is added to the hundredths of a percent of a rate that is no whole number per mille.
const fine Rate = 10_000

// The rates of mainland France (CGI, articles 278 to 281 octies).
const (
	Standard     Rate = 200
	Intermediate Rate = 100
	Reduced      Rate = 55
	Special      Rate = 21
)

// The rates of Guadeloupe, Martinique and La Réunion (CGI, articles 296 and 296 ter, and annex II); 2.1 % is Special.
const (
	OverseasStandard  Rate = 85
	OverseasLivestock Rate = fine + 175
	OverseasPress     Rate = fine + 105
)

// Rates are the rates that an invoice of mainland France may have in ascending order, including 0.
var Rates = []Rate{0, Special, Reduced, Intermediate, Standard}

// Overseas are the rates of the overseas departments that mainland France does not have, in ascending order.
var Overseas = []Rate{OverseasPress, OverseasLivestock, OverseasStandard}

// scale is the number of decimals of a percentage.
const scale = 2

// whole is 100 % in hundredths of a percent.
const whole = 10_000

// hundredths returns the rate in hundredths of a percent.
func (r Rate) hundredths() int64 {
	if r >= fine {
		return int64(r - fine)
	}
	return int64(r) * 10
}

// Compare orders rates by their height.
func Compare(a, b Rate) int { return cmp.Compare(a.hundredths(), b.hundredths()) }

var codes = map[Rate]string{Standard: "TVA20", Intermediate: "TVA10", Reduced: "TVA55", Special: "TVA21"}

// Code returns the French code of a rate; empty for 0 and for rates that France does not have.
func (r Rate) Code() string { return codes[r] }

// Parse parses a percentage with at most two decimals, such as 5.5, 20 or 1.05. The error is money.ErrNotADecimal, also for a thousand
// percent and more.
func Parse(text string) (Rate, error) {
	n, err := money.ParseDecimal(text, scale)
	switch most := int64(fine) * 10; {
	case err != nil:
		return 0, err
	case n <= -most || n >= most || n < 0 && n%10 != 0:
		return 0, money.ErrNotADecimal
	case n%10 != 0:
		return fine + Rate(n), nil
	default:
		return Rate(n / 10), nil
	}
}

// String formats the percentage in its shortest form: 20, 5.5. BR-FR-DEC-04 allows four characters, and two spellings of one rate
// would split its sum (BR-S-08).
func (r Rate) String() string { return money.FormatDecimal(r.hundredths(), scale, 0) }

// Percent is a Rate that is encoded as a percentage in JSON.
type Percent Rate

// MarshalJSON writes a JSON number: 20, 5.5.
func (p Percent) MarshalJSON() ([]byte, error) { return []byte(Rate(p).String()), nil }

// In returns the VAT in a gross amount, rounded half away from zero.
func In(gross money.Cents, r Rate) money.Cents {
	return money.Cents(money.MulDivHalfAway(int64(gross), r.hundredths(), whole+r.hundredths()))
}

// Net returns the net amount of a gross amount, in the same unit, rounded half away from zero.
func Net[T ~int64](gross T, r Rate) T {
	return T(money.MulDivHalfAway(int64(gross), whole, whole+r.hundredths()))
}

// Split splits a gross price into the net price and the VAT. The net price is rounded half away from zero and the VAT is the
// rest, so that both add up to the price exactly.
func Split(gross money.Cents, r Rate) (net, tax money.E4) {
	price := money.E4(gross) * 100
	net = Net(price, r)
	return net, price - net
}
