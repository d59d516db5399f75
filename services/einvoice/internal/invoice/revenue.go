package invoice

import (
	"fmt"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Revenue is what a document adds to the sales of one nature at one category and rate of VAT; below zero for what it takes back.
type Revenue struct {
	Nature     Nature
	Category   Category
	VATPerMill vat.Rate
	Net, Tax   money.Cents
}

// Revenues returns what a document adds to the books, the highest rate first: the same amounts as Sales, by nature. original is the invoice that a
// corrected invoice replaces; other documents do not use it.
func Revenues(d Document, original *Document) ([]Revenue, error) {
	switch {
	case d.Type.IsCredit():
		return revenues(nil, d, -1), nil
	case d.Type == TypeCorrected:
		if original == nil || d.Preceding == nil || d.Preceding.Number != original.Number {
			return nil, fmt.Errorf("revenues of %s: they are known with the invoice that it replaces", d.Number)
		}
		return revenues(revenues(nil, d, 1), *original, -1), nil
	default:
		return revenues(nil, d, 1), nil
	}
}

// Withdrawn returns what the withdrawal of an invoice that never took effect takes back.
func Withdrawn(d Document) []Revenue { return revenues(nil, d, -1) }

// revenues adds a document's cells, multiplied by sign, to list.
func revenues(list []Revenue, d Document, sign money.Cents) []Revenue {
	for _, c := range cells(d) {
		at := len(list)
		for i, r := range list {
			if r.Nature == c.Nature && r.Category == c.Category && r.VATPerMill == c.VATPerMill {
				at = i
			}
		}
		if at == len(list) {
			list = append(list, Revenue{Nature: c.Nature, Category: c.Category, VATPerMill: c.VATPerMill})
		}
		list[at].Net += sign * c.Net
		list[at].Tax += sign * c.tax()
	}
	return list
}
