package document_test

import (
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// abroad is the sample as one delivery without VAT in a category.
func abroad(category string) func() *document.Document {
	return func() *document.Document {
		d := sample.Invoice()
		d.Notes[3].Text = "B2BINT"
		d.Buyer = document.Party{Name: "Voorbeeld NV", VATNumber: "BE0123456749", Scheme: "EM", Address: "a@example.com", Country: "BE"}
		tax := document.Tax{Category: category}
		d.Allowances, d.Lines = nil, d.Lines[:1]
		d.Lines[0].Tax = tax
		d.VAT = []document.VAT{{Tax: tax, Base: 2500, Reason: "because"}}
		d.Totals = document.Totals{LineNet: 2500, Net: 2500, Gross: 2500, Due: 2500}
		if category == "O" {
			d.Seller.TaxID, d.Seller.VATNumber, d.Buyer.VATNumber = d.Seller.VATNumber, "", ""
		}
		return d
	}
}

func TestSalesWithoutVAT(t *testing.T) {
	t.Parallel()
	noSeller := func(d *document.Document) { d.Seller.VATNumber = "" }
	noBuyer := func(d *document.Document) { d.Buyer.VATNumber = "" }
	noReason := func(d *document.Document) { d.VAT[0].Reason = "" }
	refused(t, abroad("AE"), map[string]spoilt{
		"no seller": {noSeller, "BR-AE-02", "buyer.vat_identifier"}, "no buyer": {noBuyer, "BR-AE-02", "buyer.vat_identifier"},
		"no reason": {noReason, "BR-AE-10", "vat_breakdown.exemption_reason"},
	})
	refused(t, abroad("K"), map[string]spoilt{
		"no buyer": {noBuyer, "BR-IC-02", "buyer.vat_identifier"},
		"a French": {func(d *document.Document) { d.Buyer.VATNumber = "FR96552100554" }, "BR-IC-02", "buyer.vat_identifier"},
	})
	refused(t, abroad("G"), map[string]spoilt{"no seller": {noSeller, "BR-G-02", "seller.vat_identifier"}})
	refused(t, abroad("O"), map[string]spoilt{
		"a number": {func(d *document.Document) { d.Seller.VATNumber = "FR11123456782" }, "BR-O-02", "seller.vat_identifier"},
		"others": {func(d *document.Document) {
			d.VAT = append(d.VAT, document.VAT{Tax: document.Tax{Category: "S", Rate: 2000}})
		}, "BR-O-11", "vat_breakdown"},
	})
}
