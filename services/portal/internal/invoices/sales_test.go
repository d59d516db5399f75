package invoices_test

import (
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

func (p page) shows(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if p.status != 200 || !strings.Contains(p.text, text) {
			t.Errorf("%d without %q: %s", p.status, text, p.text)
		}
	}
}

func TestWhatIsNotReportedIsShownLoudly(t *testing.T) {
	w := setup(t, eupay.RoleAccountant)
	w.answers["GET /einvoice/sales"] = `{"data":[],"pagination":{"page":1,"limit":25,"total":0,"pages":0}}`
	for _, path := range []string{"", "/sales"} {
		if p := w.get("/portal/invoices" + path); strings.Contains(p.text, "not reported to the tax authority") {
			t.Errorf("%q warns of nothing", path)
		}
	}
	w.answers["GET /einvoice/enrollment"] = `{"enrolled":true,"mandate_status":"active","ready":true,
		"unreported_sales":{"payments":3,"amount":45.67,"since":"2026-06-02","message":"Set it."}}`
	for _, path := range []string{"", "/sales"} {
		w.get("/portal/invoices"+path).shows(t, "€45.67 are not reported to the tax authority", "/portal/invoices/settings")
	}
}

func TestTheTotalsOfTillsAreListed(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	w.answers["GET /einvoice/sales"] = `{"data":[{"id":"` + id + `","date":"2026-06-16","till":"till-1","totals":[{"vat_rate":5.5,"type":"goods","amount":105.50}],
		"total_ttc":105.50,"total_vat":5.50,"version":1,"reported":true,"period_start":"2026-06-11","period_end":"2026-06-20","due_date":"2026-06-30",
		"created_at":"2026-06-17T12:00:00Z","updated_at":"2026-06-17T12:00:00Z"}],"pagination":{"page":1,"limit":25,"total":1,"pages":1}}`
	w.get("/portal/invoices/sales").shows(t, "till-1", "€105.50", "5.5", "Goods", "€5.50")
}

func TestThePageOfATrailShowsEachStep(t *testing.T) {
	w := setup(t, eupay.RoleAccountant)
	w.answers["GET /einvoice/invoices/"+id+"/trail"] = `{"id":"` + id + `","invoice_number":"INV-1","steps":[
		{"at":"2026-06-17T10:00:00Z","kind":"payment","reference":"PAY-1","amount":12.00,"detail":null},
		{"at":"2026-06-17T11:00:00Z","kind":"corrected","reference":"CN-1","amount":0,"detail":"381"},
		{"at":"2026-06-17T12:00:00Z","kind":"sealed","reference":"7","amount":null,"detail":"abcdef"}]}`
	p := w.get("/portal/invoices/" + id + "/trail")
	p.shows(t, "Payment completed", "PAY-1", "€12.00", `href="/portal/invoices/CN-1"`, "€0.00", "abcdef", "Archived")
	if p := w.get("/portal/invoices/other/trail"); p.status != 404 {
		t.Errorf("another's: %d", p.status)
	}
}

func TestTheSettingsOfSalesAreSaved(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	w.answers["GET /einvoice/settings"] = `{"legal_name":"Shop","sales_vat_rate":"5.5","sales_type":"goods","sales_by_till":true}`
	w.get("/portal/invoices/settings").shows(t, `value="5.5"`, `name="sales_by_till"`)
	w.answers["PATCH /einvoice/settings"] = w.answers["GET /einvoice/settings"]
	w.post("/portal/invoices/settings", url.Values{"term_days": {"30"}, "sales_vat_rate": {""}, "sales_type": {"services"}, "has_sales_by_till": {"1"}})
	if said := w.told("PATCH /einvoice/settings"); !strings.Contains(said, `"sales_vat_rate":"","sales_type":"services","sales_by_till":false`) {
		t.Errorf("saved %s", said)
	}
}
