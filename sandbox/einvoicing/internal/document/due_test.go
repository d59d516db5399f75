package document_test

import (
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// onDebits is an invoice whose VAT is due with it.
func onDebits() *document.Document {
	d := sample.Invoice()
	d.Notes = append(d.Notes, document.Note{Subject: "TXD", Text: "Option pour les débits."})
	for i := range d.VAT {
		d.VAT[i].DueCode = "5"
	}
	return d
}

func TestTheDueDateOfVATIsOneKnownCode(t *testing.T) {
	t.Parallel()
	refused(t, onDebits, map[string]spoilt{
		"a code of UBL":    {func(d *document.Document) { d.VAT[0].DueCode, d.VAT[1].DueCode = "3", "3" }, "BR-CL-06", "vat_breakdown"},
		"two dates":        {func(d *document.Document) { d.VAT[1].DueCode = "72" }, "S1.13", "vat_breakdown"},
		"one without":      {func(d *document.Document) { d.VAT[1].DueCode = "" }, "S1.13", "vat_breakdown"},
		"in words only":    {func(d *document.Document) { d.VAT[0].DueCode, d.VAT[1].DueCode = "", "" }, "BT-8", "vat_breakdown"},
		"the code only":    {func(d *document.Document) { d.Notes = d.Notes[:4] }, "BT-8", "vat_breakdown"},
		"payment in words": {func(d *document.Document) { d.VAT[0].DueCode, d.VAT[1].DueCode = "72", "72" }, "BT-8", "vat_breakdown"},
	})
	taken(t, sample.Invoice, map[string]func(*document.Document){
		"on payment": func(d *document.Document) { d.VAT[0].DueCode, d.VAT[1].DueCode = "72", "72" },
	})
}
