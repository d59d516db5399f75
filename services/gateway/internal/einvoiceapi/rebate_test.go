package einvoiceapi

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

const (
	rebates = "/einvoice/credit-notes"
	rebate  = `{"customer_name":"Acme","customer_siren":"732829320","items":[{"product_name":"Ristourne","quantity":1,"unit_price_ttc":240,"vat_rate":20}],
		"reason":"Ristourne 2026","contract_reference":"CTR-1","service_period":{"from":"2026-01-01","to":"2026-12-31"},"invoices":["INV-2026-AB12CD-000001"],
		"reference":"R-1","unreachable_buyer":"keep"}`
)

func (p *platform) CreateRebate(_ context.Context, r *einvoicev1.CreateRebateRequest) (*einvoicev1.CreateRebateResponse, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	v := p.correction("262")
	v.CorrectsId, v.CorrectsNumber = "", ""
	return &einvoicev1.CreateRebateResponse{CreditNote: v, Replayed: p.replayed, MandateStatus: p.mandate}, nil
}

func TestACreditNoteWithoutAnInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 201, f.key, "POST", rebates, rebate, "Idempotency-Key", "k")
	want := &einvoicev1.CreateRebateRequest{
		MerchantId: f.merchant.ID, Customer: &einvoicev1.Party{Name: "Acme", Siren: "732829320", Address: &einvoicev1.Address{}},
		Items:  []*einvoicev1.InvoiceItem{{ProductName: "Ristourne", Quantity: "1", UnitPriceCents: 24000, VatRate: "20"}},
		Reason: "Ristourne 2026", ContractReference: "CTR-1", PeriodFrom: "2026-01-01", PeriodTo: "2026-12-31", Invoices: []string{"INV-2026-AB12CD-000001"},
		Reference: "R-1", KeepUnreachable: true, IdempotencyKey: "k",
	}
	if !proto.Equal(f.platform.asked(), want) || !strings.Contains(r.text, `"type_code":"262"`) || !strings.Contains(r.text, `"corrects":null`) {
		t.Errorf("asked %v, answered %s", f.platform.asked(), r.text)
	}
	f.platform.set(func() { f.platform.replayed = true })
	f.must(t, 200, f.key, "POST", rebates, rebate, "Idempotency-Key", "k")
	before := f.platform.called()
	for field, change := range map[string][2]string{
		"reason": {`"Ristourne 2026"`, `""`}, "contract_reference": {`"CTR-1"`, `""`}, "service_period.to": {`,"to":"2026-12-31"`, ``},
		"invoices[0]": {`"INV-2026-AB12CD-000001"`, `""`}, "discount_amount": {`"reference"`, `"discount_amount":1,"reference"`},
		"paid_on": {`"reference"`, `"paid_on":"2026-06-17","reference"`}, "items[0].quantity": {`"quantity":1,`, ``},
	} {
		if r := f.must(t, 400, f.key, "POST", rebates, strings.Replace(rebate, change[0], change[1], 1)); r.fields() != field {
			t.Errorf("%s: got %s", field, r.text)
		}
	}
	if f.platform.called() != before {
		t.Error("the service was asked")
	}
}
