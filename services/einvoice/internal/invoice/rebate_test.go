package invoice_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestARebateGivesBackForAPeriod(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("rebate")
	checkSums(t, d)
	if d.Type != invoice.TypeRebate || !d.Type.IsCredit() || d.Type.IsInvoice() || d.Preceding != nil || len(d.About) != 2 || d.Totals.Gross != 260_00 {
		t.Errorf("%+v", d)
	}
	text := lastNote(d)
	for _, want := range []string{"contrat CTR-2026-12", "du 01/01/2026 au 31/12/2026", d.About[0].Number + " du 21/11/2026", "Motif : Ristourne annuelle"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	sales, err := invoice.Sales(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	revenues, err := invoice.Revenues(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sold, booked invoice.Totals
	for _, s := range sales {
		sold.Net, sold.Tax = sold.Net+s.Net, sold.Tax+s.Tax
	}
	for _, r := range revenues {
		booked.Net, booked.Tax = booked.Net+r.Net, booked.Tax+r.Tax
	}
	if sold.Net != -d.Totals.Net || sold.Tax != -d.Totals.Tax || booked.Net != sold.Net || booked.Tax != sold.Tax {
		t.Errorf("reported %+v and booked %+v of %+v", sold, booked, d.Totals)
	}
}

func TestARebateNeedsItsContractAndPeriod(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(o *invoice.Order, reason *string){
		"contract_reference":       func(o *invoice.Order, _ *string) { o.Contract = " " },
		"service_period":           func(o *invoice.Order, _ *string) { o.Served = invoice.Period{} },
		"service_period.to":        func(o *invoice.Order, _ *string) { o.Served.To = "2025-12-31" },
		"reason":                   func(_ *invoice.Order, reason *string) { *reason = " " },
		"items":                    func(o *invoice.Order, _ *string) { o.Items = nil },
		"items[0].unit_price_ttc":  func(o *invoice.Order, _ *string) { o.Items[0].UnitPrice = -1 },
		"customer_address.country": func(o *invoice.Order, _ *string) { o.Customer = invoicetest.Belgian() },
	} {
		o, reason := invoicetest.RebateOrder(), "Ristourne annuelle"
		change(&o, &reason)
		if field == "customer_address.country" { // a sale abroad has no VAT
			for i := range o.Items {
				o.Items[i].VATPerMill = 0
			}
		}
		if _, err := invoice.Rebate("CN-1", invoicetest.Issued, invoicetest.Settings(), o, nil, reason); fields(t, err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := invoice.Rebate("CN-1", invoicetest.Issued, invoicetest.Settings(), invoicetest.RebateOrder(), make([]invoice.Preceding, 51), "x"); fields(t, err) != "invoices" {
		t.Error(err)
	}
}
