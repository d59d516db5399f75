package einvoiceapi

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

const salesBody = `{"date":"2026-06-16","till":"till-1","totals":[{"vat_rate":5.5,"type":"service","amount":105.50},{"vat_rate":20,"amount":-12}]}`

func (p *platform) day() *einvoicev1.TillDay {
	at := timestamppb.New(noon)
	return &einvoicev1.TillDay{
		Id: invoiceID, Date: "2026-06-16", Till: "till-1", TotalCents: 9350, VatCents: 350, Version: 2, PeriodStart: "2026-06-11", PeriodEnd: "2026-06-20",
		DueDate: "2026-06-30", Reported: true, CreatedAt: at, UpdatedAt: at,
		Totals: []*einvoicev1.TillTotal{{VatRate: "5.5", Nature: "services", AmountCents: 10550}, {VatRate: "20", Nature: "goods", AmountCents: -1200}},
	}
}

func (p *platform) RecordTill(_ context.Context, r *einvoicev1.RecordTillRequest) (*einvoicev1.RecordTillResponse, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	return &einvoicev1.RecordTillResponse{Day: p.day(), Known: p.replayed}, nil
}

func (p *platform) ListTills(_ context.Context, r *einvoicev1.ListTillsRequest) (*einvoicev1.ListTillsResponse, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	return &einvoicev1.ListTillsResponse{Days: []*einvoicev1.TillDay{p.day()}, Total: 1}, nil
}

func (p *platform) GetUnreported(context.Context, *einvoicev1.GetUnreportedRequest) (*einvoicev1.GetUnreportedResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.enrollment.GetSettings().GetSalesVatRate() != "" || p.enrollment.GetSettings() == nil {
		return &einvoicev1.GetUnreportedResponse{}, nil
	}
	return &einvoicev1.GetUnreportedResponse{Payments: 3, AmountCents: 4567, Since: "2026-06-02"}, nil
}

func (p *platform) GetTrail(_ context.Context, r *einvoicev1.GetTrailRequest) (*einvoicev1.GetTrailResponse, error) {
	if _, err := p.find(r); err != nil {
		return nil, err
	}
	return &einvoicev1.GetTrailResponse{Id: invoiceID, Number: numberOf, Steps: []*einvoicev1.TrailStep{
		{At: timestamppb.New(noon), Kind: "payment", Reference: "PAY-1", AmountCents: proto.Int64(1200)},
		{At: timestamppb.New(noon.Add(time.Hour)), Kind: "lifecycle", Reference: numberOf, Detail: "200 Déposée"},
	}}, nil
}

func TestATillsDayIsRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 201, f.key, "POST", "/einvoice/sales", salesBody)
	if r.json["total_ttc"] != 93.5 || r.json["reported"] != true || r.json["due_date"] != "2026-06-30" {
		t.Errorf("got %s", r.text)
	}
	want := &einvoicev1.RecordTillRequest{
		MerchantId: f.merchant.ID, Date: "2026-06-16", Till: "till-1",
		Totals: []*einvoicev1.TillTotal{{VatRate: "5.5", Nature: "services", AmountCents: 10550}, {VatRate: "20", AmountCents: -1200}},
	}
	if got := f.platform.asked(); !proto.Equal(got, want) {
		t.Errorf("asked %v", got)
	}
	f.platform.set(func() { f.platform.replayed = true })
	f.must(t, 200, f.key, "POST", "/einvoice/sales", salesBody)
	f.must(t, 200, f.key, "POST", "/einvoice/sales", `{"date":"2026-06-16","till":"till-1","totals":[]}`)
	for body, fields := range map[string]string{
		`{}`: "date till totals", `{"date":"16/06/2026","till":"a","totals":[]}`: "date",
		`{"date":"2026-06-16","till":"a","totals":[{"vat_rate":20}]}`:                "totals[0].amount",
		`{"date":"2026-06-16","till":"a","totals":[{"vat_rate":20,"amount":1.234}]}`: "totals[0].amount",
		`{"date":"2026-06-16","till":"a","totals":[{"amount":1,"type":"gift"}]}`:     "totals[0].vat_rate totals[0].type",
	} {
		if r := f.must(t, 400, f.key, "POST", "/einvoice/sales", body); r.fields() != fields {
			t.Errorf("%s: %s", body, r.fields())
		}
	}
	if r := f.must(t, 200, f.reader, "GET", "/einvoice/sales?from=2026-06-01&to=2026-06-30", ""); len(r.json["data"].([]any)) != 1 {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 400, f.reader, "GET", "/einvoice/sales?from=june", ""); r.fields() != "from" {
		t.Errorf("got %s", r.text)
	}
}

func TestWhatIsNotReportedIsSaidAloud(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.set(func() {
		f.platform.enrollment = &einvoicev1.Enrollment{Enrolled: true, Ready: true, Settings: &einvoicev1.Settings{Activity: "goods"}}
	})
	r := f.must(t, 200, f.key, "GET", "/einvoice/enrollment", "")
	left, _ := r.json["unreported_sales"].(map[string]any)
	if left["payments"] != 3.0 || left["amount"] != 45.67 || left["since"] != "2026-06-02" {
		t.Errorf("got %s", r.text)
	}
	f.platform.set(func() { f.platform.enrollment.Settings.SalesVatRate = "20" })
	if r := f.must(t, 200, f.key, "GET", "/einvoice/enrollment", ""); r.json["unreported_sales"] != nil {
		t.Errorf("got %s", r.text)
	}
}

func TestTheTrailOfADocumentIsItsMerchants(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 200, f.reader, "GET", one+"/trail", "")
	if steps, _ := r.json["steps"].([]any); len(steps) != 2 || r.str("invoice_number") != numberOf {
		t.Errorf("got %s", r.text)
	}
	f.must(t, 404, f.live, "GET", one+"/trail", "")
}
