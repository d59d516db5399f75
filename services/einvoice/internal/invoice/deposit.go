package invoice

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Deduction is a paid deposit invoice (386) that a final invoice deducts (BT-113, BG-3).
type Deduction struct {
	// Number and Issued of the deposit invoice.
	Number string `json:"number"`
	Issued Date   `json:"issued"`
	// Parts are what is left of the deposit, after its credit notes.
	Parts []DeductedPart `json:"parts"`
}

// DeductedPart is what a deposit covers of one nature at one category and rate.
type DeductedPart struct {
	Nature     Nature   `json:"nature"`
	Category   Category `json:"category"`
	VATPerMill vat.Rate `json:"rate"`
	// Gross including VAT, and the Tax in it.
	Gross money.Cents `json:"gross"`
	Tax   money.Cents `json:"tax"`
}

// Deduct returns what is left of a deposit invoice after its credit notes; a deposit with nothing left has no parts.
func Deduct(of Document, credits []Document) Deduction {
	d := Deduction{Number: of.Number, Issued: of.Issued}
	done := credited(credits)
	for _, c := range cells(of) {
		back := done[c.key()]
		if gross := c.Gross - back.Gross; gross > 0 {
			d.Parts = append(d.Parts, DeductedPart{c.Nature, c.Category, c.VATPerMill, gross, c.tax() - back.tax()})
		}
	}
	return d
}

// Gross is what the deduction takes off the final invoice, including VAT.
func (d Deduction) Gross() money.Cents {
	var sum money.Cents
	for _, p := range d.Parts {
		sum += p.Gross
	}
	return sum
}

// Deposited is the sum of the deposits that the document deducts.
func (d *Document) Deposited() money.Cents {
	var sum money.Cents
	for _, x := range d.Deductions {
		sum += x.Gross()
	}
	return sum
}

// Payable is what the document asks for: its total without the deposits, which were paid for invoices of their own.
func (d *Document) Payable() money.Cents { return d.Totals.Gross - d.Deposited() }

// deductedAt returns what the deposits cover of a group, including VAT, and the tax in it.
func (d *Document) deductedAt(g group) (gross, tax money.Cents) {
	for _, x := range d.Deductions {
		for _, p := range x.Parts {
			if g == (group{p.Category, p.VATPerMill}) {
				gross, tax = gross+p.Gross, tax+p.Tax
			}
		}
	}
	return gross, tax
}

// deductedOf returns what the deposits cover of a cell, including VAT.
func (d *Document) deductedOf(c cell) (gross money.Cents) {
	for _, x := range d.Deductions {
		for _, p := range x.Parts {
			if c.key() == (cell{group: group{p.Category, p.VATPerMill}, Nature: p.Nature}) {
				gross += p.Gross
			}
		}
	}
	return gross
}

// deposits validates the deductions of a priced document: what was paid in advance for something must be part of what is sold.
func (p *problems) deposits(d *Document) {
	whole := *d
	whole.Deductions = nil
	sold := map[cell]money.Cents{}
	for _, c := range cells(whole) {
		sold[c.key()] = c.Gross
	}
	for _, x := range d.Deductions {
		for _, part := range x.Parts {
			k := cell{group: group{part.Category, part.VATPerMill}, Nature: part.Nature}
			if sold[k] -= part.Gross; sold[k] < 0 {
				p.Add("deposits", "have %s EUR more for %s at %s %% than this invoice. Credit what is too much of deposit %s first",
					-sold[k], part.Nature, part.VATPerMill, x.Number)
				return
			}
		}
	}
}
