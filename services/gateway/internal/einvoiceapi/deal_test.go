package einvoiceapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestTheDealIsDescribed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, 201, f.people[rights.RoleStaff], "POST", invoices, `{"customer_name":"Acme","buyer_reference":"SERVICE-42","purchase_order":"BC-7","contract_reference":"M-9",
		"delivery_date":"2026-06-12","service_period":{"from":"2026-05-01","to":"2026-05-31"},"delivery_address":{"street":"Quai 4","city":"Marseille"},
		"items":[{"product_name":"a","quantity":1.5,"unit_price_ttc":1,"vat_rate":0,"unit":"hour","vat_exemption_code":"VATEX-FR-CGI261-4"}]}`)
	want := &einvoicev1.CreateInvoiceRequest{
		MerchantId: f.merchant.ID, Customer: &einvoicev1.Party{Name: "Acme", Address: &einvoicev1.Address{}},
		Items:          []*einvoicev1.InvoiceItem{{ProductName: "a", Quantity: "1.5", UnitPriceCents: 100, VatRate: "0", Unit: "hour", VatExemptionCode: "VATEX-FR-CGI261-4"}},
		BuyerReference: "SERVICE-42", PurchaseOrder: "BC-7", ContractReference: "M-9", DeliveryDate: "2026-06-12", ServiceFrom: "2026-05-01", ServiceTo: "2026-05-31",
		DeliveryAddress: &einvoicev1.Address{Street: "Quai 4", City: "Marseille"},
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	for change, field := range map[string]string{
		`"delivery_date":"12/06/2026"`: "delivery_date", `"service_period":{"from":"x"}`: "service_period.from", `"service_period":{"until":"x"}`: "service_period.until",
		`"buyer_reference":"a\nb"`: "buyer_reference", `"purchase_order":"` + strings.Repeat("x", 101) + `"`: "purchase_order", `"delivery_address":{"country":"FRA"}`: "delivery_address.country",
	} {
		r := f.must(t, 400, f.key, "POST", invoices, `{"customer_name":"Acme","items":[{"product_name":"a","quantity":1,"unit_price_ttc":1,"vat_rate":20}],`+change+`}`)
		if r.fields() != field {
			t.Errorf("%s: got %s", change, r.text)
		}
	}
}

func TestTheDealIsShown(t *testing.T) {
	t.Parallel()
	d := dealOf(&einvoicev1.Invoice{
		BuyerReference: "SERVICE-42", ServiceFrom: "2026-05-01", ServiceTo: "2026-05-31", DeliveryAddress: &einvoicev1.Address{City: "Marseille", Country: "FR"},
	})
	if *d.BuyerReference != "SERVICE-42" || d.PurchaseOrder != nil || *d.ServicePeriod != (period{"2026-05-01", "2026-05-31"}) || *d.DeliveryAddress.City != "Marseille" || d.DeliveryAddress.Street != nil {
		t.Errorf("got %+v", d)
	}
	if d := dealOf(&einvoicev1.Invoice{}); d != (dealView{}) {
		t.Errorf("nothing is shown as %+v", d)
	}
}
