package invoice

import (
	"fmt"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// The categories of e-reported sales (DGFiP specifications, flux 10.3).
const (
	// ReportGoods are goods with VAT, ReportServices services with VAT.
	ReportGoods    = "TLB1"
	ReportServices = "TPS1"
	// ReportUntaxed is everything without VAT in France: the rate 0.
	ReportUntaxed = "TNT1"
)

// Sale is what a document contributes to the sales of one category and rate.
type Sale struct {
	Category   string
	VATPerMill vat.Rate
	Net, Tax   money.Cents
}

// Sales returns the sales of a document, at most one for each category and rate, highest rate first. They add up to Totals.Net
// and Totals.Tax, less the deposits that a final invoice deducts: these were sold before. A credit note counts negatively. A
// corrected invoice withdraws everything that the original sold and adds its own content; only in this case is original used,
// which must be the invoice that it replaces.
func Sales(d Document, original *Document) ([]Sale, error) {
	switch {
	case d.Type.IsCredit():
		return sales(nil, d, -1), nil
	case d.Type == TypeCorrected:
		if original == nil || d.Preceding == nil || d.Preceding.Number != original.Number {
			return nil, fmt.Errorf("sales of %s: it is reported with the invoice that it replaces", d.Number)
		}
		return sales(sales(nil, d, 1), *original, -1), nil
	default:
		return sales(nil, d, 1), nil
	}
}

// sales adds a document's cells, multiplied by sign, to list.
func sales(list []Sale, d Document, sign money.Cents) []Sale {
	for _, c := range cells(d) {
		at := len(list)
		for i, s := range list {
			if s.Category == reportCategory(c) && s.VATPerMill == c.VATPerMill {
				at = i
			}
		}
		if at == len(list) {
			list = append(list, Sale{Category: reportCategory(c), VATPerMill: c.VATPerMill})
		}
		list[at].Net += sign * c.Net
		list[at].Tax += sign * c.tax()
	}
	return list
}

func reportCategory(c cell) string {
	switch {
	case c.VATPerMill == 0:
		return ReportUntaxed
	case c.Nature == Services:
		return ReportServices
	default:
		return ReportGoods
	}
}
