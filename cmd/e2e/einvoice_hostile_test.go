package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAFaultyPlatformReceivesEachDocumentOnce: an outage, answers lost after the effect, lost webhooks, and a restart of the
// service in between.
func TestAFaultyPlatformReceivesEachDocumentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"EUPAY_SEQINO_TEST_CALL_TIMEOUT": "1s"})
	m := w.mayInvoice(t)
	w.platform(t, http.MethodPut, "/outage", `{"seconds":3600}`, nil)
	var all []invoice
	for n := range 3 {
		all = append(all, m.invoices(t, object{"reference": fmt.Sprint("DOWN-", n)}))
	}
	if i := all[0]; i.SeqinoStatus != "submission_failed" || i.Status != "pending" || i.Problem == "" {
		t.Errorf("while the platform is down: %+v", i)
	}
	w.stack.StopService("einvoice")
	if err := w.stack.StartService(t.Context(), "einvoice"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the gateway has found the service again", func() bool {
		a, err := m.api.try(http.MethodGet, "/einvoice/enrollment", "")
		return err == nil && a.status == http.StatusOK
	})
	w.platform(t, http.MethodPut, "/faults", `{"faults":[{"kind":"lost-answer","times":4},{"kind":"webhook-missing"}]}`, nil)
	w.platform(t, http.MethodPut, "/outage", `{"seconds":0}`, nil)
	for n := range 3 {
		all = append(all, m.invoices(t, object{"reference": fmt.Sprint("LOST-", n)}))
	}
	for _, i := range all {
		eventually(t, i.Number+" is submitted", func() bool { return m.invoice(t, i.ID).SeqinoStatus == "submitted" })
		if d := w.atPlatform(t, i.Number); len(d) != 1 || d[0].Received != 1 {
			t.Errorf("%s is at the platform: %+v", i.Number, d)
		}
		eventually(t, "its life is known without webhooks", func() bool { l := m.invoice(t, i.ID).Lifecycle; return l != nil && l.Code >= 200 })
	}
}

func TestInvalidInvoicesAreRefused(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	item := func(more object) object {
		it := object{"product_name": "Menu", "quantity": 1, "unit_price_ttc": json.Number("10.00"), "vat_rate": 10}
		for name, value := range more {
			it[name] = value
		}
		return object{"items": []object{it}}
	}
	for field, in := range map[string]object{
		"items[0].vat_rate":           item(object{"vat_rate": 19}),
		"items[0].vat_exemption_code": item(object{"vat_rate": 0}),
		"items[0].unit":               item(object{"unit": "handful"}),
		"delivery_date":               {"items": twoItems, "delivery_date": "2006-01-01"},
		"service_period":              {"items": twoItems, "service_period": object{"from": "2026-01-01"}},
		"items[0].quantity":           item(object{"quantity": -1}),
		"items[0].unit_price_ttc":     item(object{"unit_price_ttc": json.Number("9.999")}),
		"items[0].product_name":       item(object{"product_name": strings.Repeat("é", 300)}),
		"discount_amount":             {"items": twoItems, "discount_amount": json.Number("43.14")},
		"items":                       {"items": []object{}},
		"customer_name":               {"items": twoItems, "customer_name": strings.Repeat("x", 300)},
		"customer_siren":              {"items": twoItems, "customer_siren": "123456789"},
		"customer_vat_number":         {"items": twoItems, "customer_vat_number": "FR00732829320"},
		"customer_siret":              {"items": twoItems, "customer_siret": "12345678901234"},
		"colour":                      {"items": twoItems, "colour": "red"},
		"customer_address.country":    {"items": twoItems, "customer_address": object{"country": "France"}},
	} {
		body := object{"customer_name": "Ada Martin"}
		for name, value := range in {
			body[name] = value
		}
		f := m.api.do(t, http.MethodPost, "/einvoice/invoices", body.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		if len(f.Errors) == 0 || f.Errors[0].Field != field {
			t.Errorf("%s: %+v", field, f)
		}
	}
	business := object{"customer_name": "Martin SARL", "customer_type": "business", "items": twoItems}
	m.api.do(t, http.MethodPost, "/einvoice/invoices", business.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	bare := m.invoices(t, object{"customer_email": nil, "items": slices.Repeat([]object{{"product_name": "Bonbon", "quantity": 1, "unit_price_ttc": json.Number("0.01"), "vat_rate": 20}}, 100)})
	if bare.Total != "1" || bare.SeqinoStatus != "submitted" {
		t.Errorf("a hundred cents without an address: %+v", bare)
	}
	if n := m.invoices(t, nil).Number; !strings.HasSuffix(n, "-000002") {
		t.Errorf("what was refused took numbers: %s", n)
	}
	stranger := shared.mayInvoice(t)
	stranger.api.do(t, http.MethodGet, "/einvoice/invoices/"+bare.ID, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	stranger.api.do(t, http.MethodPost, "/einvoice/invoices/"+bare.Number+"/cancel", "").refused(t, http.StatusNotFound, "NOT_FOUND")
}
