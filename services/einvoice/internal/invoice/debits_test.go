package invoice_test

import (
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// The option concerns services only, and a merchant that has no VAT has no option.
func TestOnlyServicesWithVATAreOnDebits(t *testing.T) {
	t.Parallel()
	goods := invoice.Order{Customer: invoicetest.Private(), Items: []invoice.Item{invoicetest.Item("Roman", 1, 19_90, 55)}}
	service := invoice.Order{Customer: invoicetest.Private(), Items: []invoice.Item{invoicetest.Item("Montage", 1, 19_90, 200)}}
	service.Items[0].Nature = invoice.Services
	free := invoicetest.Franchise()
	free.VATOnDebits = true
	untaxed := invoice.Order{Customer: invoicetest.Private(), Items: []invoice.Item{invoicetest.Item("Cours", 1, 19_90, 0)}}
	for name, c := range map[string]struct {
		settings invoice.Settings
		order    invoice.Order
		want     string
	}{
		"goods":          {invoicetest.Debits(), goods, ""},
		"services":       {invoicetest.Debits(), service, "5"},
		"without option": {invoicetest.Settings(), service, ""},
		"without VAT":    {free, untaxed, ""},
	} {
		d, err := invoice.New("INV-2026-AB12CD-000001", invoicetest.Issued, c.settings, c.order)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.DueDateCode(); got != c.want || d.OnDebits() != (c.want != "") {
			t.Errorf("%s: due %q, want %q", name, got, c.want)
		}
	}
}
