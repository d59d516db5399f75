package ledger

import (
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// abroad is an order of a business in the EU: goods without VAT, and a meal, which is taxed in France.
func abroad() invoice.Order {
	meal := invoicetest.Item("Repas", 1, 55_00, 100)
	meal.Nature = invoice.Services
	untaxed := invoice.Item{Name: "Conseil", Quantity: invoice.One, UnitPrice: 100_00, Nature: invoice.Services}
	return invoice.Order{Customer: invoicetest.Belgian(), Items: []invoice.Item{meal, untaxed, {Name: "Lampe", Quantity: invoice.One, UnitPrice: 45_00}}}
}

func TestABusinessAbroadIsReportedByPeriod(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(abroad())
	if r.Audience != invoice.B2BInternational || r.Seqino != SeqinoSubmitted {
		t.Fatalf("%s is %s and %s", r.Number, r.Audience, r.Seqino)
	}
	if n := f.number(`select count(*) from report_periods where kind = 'sales' and version = 1`); n != 1 {
		t.Errorf("%d periods of sales have changed", n)
	}
	if n := f.number(`select count(*) from sale_parts`); n != 0 {
		t.Errorf("it is in the sums of consumers: %d parts", n)
	}
	p := f.pay(r, 200_00)
	if len(p.Reports) != 2 || p.Reports[0].Kind != "sales" || p.Reports[1].Kind != "payments" {
		t.Errorf("reports %+v", p.Reports)
	}
	if n := f.number(`select count(*) from transmissions where kind = 'collection'`); n != 0 {
		t.Errorf("%d statuses 212 are sent", n)
	}
	// The buyer declares the VAT of what was sold without it.
	if n := f.number(`select sum(amount_cents)::bigint from receipt_parts where reportable and audience = 'B2BINT'`); n != 55_00 {
		t.Errorf("%d cents are reportable", n)
	}
	if n := f.number(`select count(*) from report_periods where kind = 'payments'`); n != 1 {
		t.Errorf("%d periods of payments have changed", n)
	}
}

func TestReverseChargeInFranceIsNoCollection(t *testing.T) {
	t.Parallel()
	f := setup(t)
	work := invoicetest.Item("Gros œuvre", 1, 1200_00, 0)
	work.ExemptCode, work.Nature = "VATEX-FR-AE", invoice.Services
	r := f.create(invoice.Order{Customer: invoicetest.Business(), Items: []invoice.Item{work}})
	if p := f.pay(r, 1200_00); len(p.Reports) != 0 {
		t.Errorf("reports %+v", p.Reports)
	}
	if n := f.number(`select count(*) from transmissions where kind = 'collection'`); n != 0 {
		t.Errorf("%d statuses 212 are sent", n)
	}
}

func TestAnInvoiceKeepsTheReferencesOfBothSides(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := business(100_00)
	o.Reference, o.BuyerReference, o.PurchaseOrder = "ERP-1", "SERVICE-42", "BC-7"
	o.Delivered, o.DeliveryAddress = "2026-11-20", invoice.Address{City: "Marseille", Country: "FR"}
	o.Items[0].Unit = "kg"
	r := f.create(o)
	v := f.read(r.ID)
	p := v.Proto()
	if p.GetReference() != "ERP-1" || p.GetBuyerReference() != "SERVICE-42" || p.GetPurchaseOrder() != "BC-7" || p.GetContractReference() != "" ||
		p.GetDeliveryDate() != "2026-11-20" || p.GetDeliveryAddress().GetCity() != "Marseille" || p.GetServiceFrom() != "" || p.GetLines()[0].GetUnit() != "KGM" {
		t.Errorf("got %v", p)
	}
	// What was issued before had the merchant's reference in the place of the buyer's.
	v.Document.BuyerReference, v.Document.References = "ERP-1", invoice.References{}
	if got := v.Proto().GetBuyerReference(); got != "" {
		t.Errorf("an older invoice has the buyer's reference %q", got)
	}
}
