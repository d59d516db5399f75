package invoice

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Part is the part of a payment for one nature and rate, including VAT.
type Part struct {
	Nature     Nature
	VATPerMill vat.Rate
	Amount     money.Cents
}

// Split distributes a payment over what is left to pay of each nature and VAT rate of an invoice, proportionally. already are the
// parts of all earlier payments, in any order. The parts add up to the payment, none is zero, and once the invoice is fully paid
// the parts of all payments equal what it sells at each nature and rate. It returns TooMuch if the amount exceeds what is left.
func Split(d Document, amount money.Cents, already []Part) ([]Part, error) {
	if amount <= 0 {
		return nil, errs.Invalid(errs.Field{Field: "amount", Message: "amount must be above 0."})
	}
	open := parts(d)
	var sum money.Cents
	left := make([]money.Cents, len(open))
	for i, p := range open {
		for _, a := range already {
			if a.Nature == p.Nature && a.VATPerMill == p.VATPerMill {
				p.Amount -= a.Amount
			}
		}
		left[i] = max(0, p.Amount)
		sum += left[i]
	}
	if amount > sum {
		return nil, TooMuch{sum}
	}
	var split []Part
	for i, share := range money.Apportion(amount, left) {
		if share > 0 {
			split = append(split, Part{open[i].Nature, open[i].VATPerMill, share})
		}
	}
	return split, nil
}

// parts returns what a document sells at each nature and rate; the categories of the rate 0 are combined.
func parts(d Document) []Part {
	var list []Part
	for _, c := range cells(d) {
		found := false
		for i := range list {
			if list[i].Nature == c.Nature && list[i].VATPerMill == c.VATPerMill {
				list[i].Amount += c.Gross
				found = true
			}
		}
		if !found {
			list = append(list, Part{c.Nature, c.VATPerMill, c.Gross})
		}
	}
	return list
}
