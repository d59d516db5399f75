package einvoicing

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// sales is the request of a report of sales.
func sales(ref, kind string) string {
	xml := sample.Report(ref, kind, sample.SellerSIREN, sample.Sales())
	return sample.With(sample.SalesJSON(kind, sample.SellerSIREN), attach(ref, xml))
}

func payments(ref, kind string) string {
	xml := sample.Report(ref, kind, sample.SellerSIREN, sample.Payments())
	return sample.With(sample.PaymentsJSON(kind, sample.SellerSIREN), attach(ref, xml))
}

func attach(ref, xml string) string {
	return fmt.Sprintf(`"external_ref":%q,"document":%q`, ref, base64.StdEncoding.EncodeToString([]byte(xml)))
}

func TestAPeriodIsReportedOnceAndThenReplaced(t *testing.T) {
	t.Parallel()
	for path, make := range map[string]func(string, string) string{"/reporting/b2c-transactions": sales, "/reporting/payments": payments} {
		r := newRig(t).enrol("m-1")
		r.wantRule(r.call(422, "POST", path, make("r-0", "RE")), "TT-4")
		a := r.call(201, "POST", path, make("r-1", "IN"))
		id := a.get("id") + a.get("payment_id")
		if a.get("status") != "DEPOSITED" && a.get("period") != "2026-11" {
			t.Error(a.text)
		}
		if c := r.call(409, "POST", path, make("r-1", "IN")); c.get("existing_id") != id {
			t.Error(c.text)
		}
		r.wantRule(r.call(422, "POST", path, make("r-2", "IN")), "TT-4")
		r.call(201, "POST", path, make("r-3", "RE"))
		r.call(201, "POST", path, make("r-4", "RE"))
		sameID := strings.Replace(make("r-4", "RE"), `"external_ref":"r-4"`, `"external_ref":"r-5"`, 1)
		r.wantRule(r.call(422, "POST", path, sameID), "TT-1")
		all := r.p.Reports()
		if len(all) != 3 || !all[0].Replaced || !all[1].Replaced || all[2].Replaced || all[2].Type != "RE" {
			t.Errorf("%s: %+v", path, all)
		}
	}
}

func TestAWrongReportIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	for name, c := range map[string]struct{ path, body, rule string }{
		"JSON and XML differ": {"b2c-transactions", strings.Replace(sales("r", "IN"), `"count":3`, `"count":4`, 1), "COHERENCE"},
		"sums":                {"b2c-transactions", strings.Replace(sales("r", "IN"), "15.00", "15.03", 1), "G1.53"},
		"no document":         {"b2c-transactions", sample.With(sample.SalesJSON("IN", sample.SellerSIREN), `"external_ref":"r"`), "XML"},
		"a text for a number": {"b2c-transactions", strings.Replace(sales("r", "IN"), "15.00", `"15.00"`, 1), "SCHEMA"},
		"minus":               {"payments", strings.Replace(payments("r", "IN"), "12.00", "-12.00", 1), "G1.16"},
		"another kind":        {"payments", sample.With(sample.PaymentsJSON("IN", sample.SellerSIREN), attach("r", sample.Report("r", "IN", sample.SellerSIREN, sample.Sales()))), "COHERENCE"},
	} {
		if a := r.call(422, "POST", "/reporting/"+c.path, c.body); !strings.Contains(a.text, `"`+c.rule+`"`) {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	r.pending("m-2")
	r.call(403, "POST", "/reporting/b2c-transactions", sales("r", "IN"))
	if all := r.p.Reports(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func collected(ref, number, amount, parts string) string {
	return fmt.Sprintf(`{"external_ref":%q,"client_siren":%q,"payment_date":"2026-12-01","amount":%s,"currency":"EUR","invoice_number":%q,"breakdown":[%s]}`,
		ref, sample.SellerSIREN, amount, number, parts)
}

func TestMoneyForAnInvoiceIsStatus212(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	id := r.issue(d)
	part := `{"rate":20,"amount":28.80}`
	a := r.call(201, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", part))
	if a.get("period") != "2026-12" || !strings.HasPrefix(a.get("payment_id"), "pay_") || a.get("created_at") != "2026-12-01T10:00:00Z" {
		t.Error(a.text)
	}
	if c := r.call(409, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", part)); c.get("existing_id") != a.get("payment_id") {
		t.Error(c.text)
	}
	for name, wrong := range map[string]string{
		"more than the invoice": collected("c-2", d.Number, "10.01", `{"rate":5.5,"amount":10.01}`),
		"parts":                 collected("c-2", d.Number, "10.00", `{"rate":5.5,"amount":9.99}`),
		"rate":                  collected("c-2", d.Number, "1.00", `{"rate":10,"amount":1.00}`),
		"unknown":               collected("c-2", "INV-X", "1.00", `{"rate":20,"amount":1.00}`),
		"nothing":               collected("c-2", d.Number, "0", ""),
	} {
		if a := r.call(422, "POST", "/reporting/payments", wrong); len(a.rules()) == 0 {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	r.call(201, "POST", "/reporting/payments", collected("c-2", d.Number, "10.00", `{"rate":5.5,"amount":10.00}`))
	if got := r.codes(id); !strings.Contains(got, "COLLECTED COLLECTED") {
		t.Error(got)
	}
	if all := r.p.Documents(); all[0].Collected != 3880 {
		t.Errorf("%+v", all)
	}
	if err := r.p.SetStatus(d.Number, "213", "", ""); err != nil {
		t.Fatal(err)
	}
	r.wantRule(r.call(422, "POST", "/reporting/payments", collected("c-3", d.Number, "1.00", `{"rate":20,"amount":1.00}`)), "STATUS")
	r.call(201, "POST", "/reporting/payments", collected("c-3", d.Number, "-38.80", `{"rate":20,"amount":-28.80},{"rate":5.5,"amount":-10.00}`))
	private := sample.Private(sample.Invoice())
	private.Number += "P"
	r.issue(private)
	r.wantRule(r.call(422, "POST", "/reporting/payments", collected("c-4", private.Number, "28.80", part)), "G7")
}
