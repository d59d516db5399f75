package received_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/received"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const id = "019a0c5e-7d52-7a3c-9d10-2f8a6f1b7c44"

const summary = `"id":"` + id + `","status":"received","lifecycle":{"code":203,"label":"Mise à disposition"},"format":"ubl","invoice_number":"F-17","type_code":"380",` +
	`"issue_date":"2026-06-15","due_date":"2026-07-15","currency":"EUR","total_ht":100,"total_vat":20,"total_ttc":120,"amount_due":120,"seller_name":"<b>Martin</b> SAS",` +
	`"seller_siren":"732829320","duplicate_of":null,"unknown_sender":true,"problem":null,"received_at":"2026-06-17T12:00:00Z","created_at":"2026-06-17T12:00:00Z","updated_at":"2026-06-17T12:00:00Z"`

const whole = `{` + summary + `,"allowed_statuses":["approved","refused"],"findings":[{"code":"iban_changed","message":"x"},{"code":"of_tomorrow","message":"Said by the API."}],` +
	`"answers":[],"seller":{"name":"Martin SAS","country":"FR"},"buyer":{"name":"Store"},"accounts":[{"iban":"FR7630006000011234567890189","seen_before":false}],` +
	`"items":[{"id":"1","product_name":"Papier","quantity":2.5,"unit":"KGM","unit_price_ht":40,"base_quantity":null,"total_ht":100,"vat_category":"S","vat_rate":20}],"notes":[],"allowances":[]}`

// open is a payment that waits for the merchant.
const open = `{"reference":"SUP-20260617-0B25921FB72918ED","status":"pending_sca","amount":120,"currency":"EUR","iban":"FR7630006000011234567890189",` +
	`"beneficiary_name":"<i>Martin</i>","description":"F-17","payment_url":"https://bank.example/1","created_at":"2026-06-17T12:00:00Z"}`

// world is the pages before an API with one received invoice, and a browser of one user.
type world struct {
	*webtest.Kit

	mu    sync.Mutex
	more  string
	asked []string
	fail  bool
	// approve: the bank wants a cancellation approved.
	approve bool
}

func setup(t *testing.T, role eupay.Role) *world {
	t.Helper()
	t.Parallel()
	w := &world{}
	w.Kit = webtest.ServeUsers(t, http.HandlerFunc(w.api), received.Register)
	w.LogIn(role)
	return w
}

func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	op := r.Method + " " + r.URL.Path
	w.asked = append(w.asked, op+" "+r.URL.RawQuery+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
	rw.Header().Set("Content-Type", "application/json")
	switch op {
	case "GET /einvoice/received":
		fmt.Fprintf(rw, `{"data":[{%s}],"pagination":{"page":1,"limit":25,"total":1,"pages":1}}`, summary)
	case "GET /einvoice/received/" + id:
		_, _ = io.WriteString(rw, strings.TrimSuffix(whole, "}")+w.more+"}")
	case "GET /einvoice/received/" + id + "/xml":
		rw.Header().Set("Content-Type", "text/html") // an API that errs must not make a page of ours
		rw.Header().Set("Content-Disposition", `inline; filename="a/b.xml"`)
		_, _ = io.WriteString(rw, "<script/>")
	case "POST /einvoice/received/" + id + "/pay/cancel":
		switch {
		case w.fail:
			rw.WriteHeader(409)
			_, _ = io.WriteString(rw, `{"success":false,"code":"CANCEL_NOT_SUPPORTED","message":"Your bank cannot cancel this payment from here."}`)
		case w.approve:
			_, _ = io.WriteString(rw, strings.TrimSuffix(open, "}")+`,"authorisation_url":"https://bank.example/approve"}`)
		default:
			_, _ = io.WriteString(rw, strings.Replace(open, "pending_sca", "cancelled", 1))
		}
	case "POST /einvoice/received/" + id + "/pay":
		if w.fail {
			rw.WriteHeader(400)
			_, _ = io.WriteString(rw, `{"success":false,"code":"VALIDATION_ERROR","message":"x","errors":[{"field":"confirm_iban","message":"confirm_iban must be the last four characters."}]}`)
			return
		}
		rw.WriteHeader(201)
		_, _ = io.WriteString(rw, open)
	case "POST /einvoice/received/" + id + "/status":
		if w.fail {
			rw.WriteHeader(409)
			_, _ = io.WriteString(rw, `{"success":false,"code":"INVALID_STATE","message":"The invoice was refused."}`)
			return
		}
		_, _ = io.WriteString(rw, whole)
	default:
		rw.WriteHeader(404)
		_, _ = io.WriteString(rw, `{"success":false,"code":"NOT_FOUND","message":"Not found."}`)
	}
}

func (w *world) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[len(w.asked)-1]
}

func TestTheInboxAndAnInvoiceAreShown(t *testing.T) {
	w := setup(t, eupay.RoleAccountant)
	list := w.Get("/portal/received?status=received&siren=732+829+320")
	if list.Status != 200 || !strings.Contains(list.Body, `href="/portal/received/`+id+`"`) || !strings.Contains(list.Body, "&lt;b&gt;Martin") || strings.Contains(list.Body, "<b>Martin") {
		t.Errorf("%d %s", list.Status, list.Body)
	}
	if asked := w.last(); !strings.Contains(asked, "seller_siren=732829320") || !strings.Contains(asked, "status=received") {
		t.Errorf("asked %s", asked)
	}
	one := w.Get("/portal/received/" + id)
	for _, want := range []string{"Call the supplier on a number that you know", "Said by the API.", "FR7630006000011234567890189", "New account", "Papier", "2.5 kg"} {
		if one.Status != 200 || !strings.Contains(one.Body, want) {
			t.Errorf("%d: the page has no %q", one.Status, want)
		}
	}
	if strings.Contains(one.Body, `action="/portal/received/`) {
		t.Error("an accountant is offered to answer")
	}
}

func TestAnAnswerIsSentWithItsReason(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	if one := w.Get("/portal/received/" + id); !strings.Contains(one.Body, `<option value="refused">`) || strings.Contains(one.Body, `<option value="disputed">`) {
		t.Errorf("the form does not offer what is allowed: %s", one.Body)
	}
	form := url.Values{"key": {"k1"}, "status": {"refused"}, "reason_code": {"CMD_ERR"}, "reason": {"Not ordered"}}
	p := w.Post("/portal/received/"+id+"/status", form)
	if p.Status != 303 || p.Header.Get("Location") != "/portal/received/"+id+"?notice=received_answered" {
		t.Errorf("%d %v", p.Status, p.Header)
	}
	if asked := w.last(); !strings.Contains(asked, " k1 ") || !strings.Contains(asked, `"reason_code":"CMD_ERR"`) {
		t.Errorf("asked %s", asked)
	}
	form.Set("status", "approved") // the reason that is chosen beside it is of no use
	w.Post("/portal/received/"+id+"/status", form)
	if asked := w.last(); strings.Contains(asked, "reason_code") {
		t.Errorf("asked %s", asked)
	}
	w.mu.Lock()
	w.fail = true
	w.mu.Unlock()
	if p := w.Post("/portal/received/"+id+"/status", form); p.Status != 422 || !strings.Contains(p.Body, `<option value="approved" selected>`) {
		t.Errorf("%d %s", p.Status, p.Body)
	}
}

func TestAFileOfASupplierIsOnlyADownload(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	p := w.Get("/portal/received/" + id + "/xml")
	h := p.Header
	if p.Status != 200 || h.Get("Content-Type") != "application/xml" || h.Get("Content-Disposition") != "attachment; filename=a_b.xml" || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", p.Status, h)
	}
}

func TestTheOwnerPaysAnInvoice(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	const pay = `action="/portal/received/` + id + `/pay"`
	if one := w.Get("/portal/received/" + id); strings.Contains(one.Body, pay) {
		t.Error("there is nothing to pay")
	}
	w.more = `,"amount_payable":120,"confirm_iban_required":true,"payments":[]`
	one := w.Get("/portal/received/" + id)
	if !strings.Contains(one.Body, pay) || !strings.Contains(one.Body, `name="confirm_iban"`) {
		t.Fatal(one.Body)
	}
	w.fail = true
	if p := w.Post("/portal/received/"+id+"/pay", url.Values{"confirm_iban": {"0188"}, "key": {"k"}}); p.Status != 422 || !strings.Contains(p.Body, "last four characters") || !strings.Contains(p.Body, "0188") {
		t.Errorf("%d %s", p.Status, p.Body)
	}
	w.fail = false
	if p := w.Post("/portal/received/"+id+"/pay", url.Values{"confirm_iban": {"0189"}, "key": {"k"}}); p.Status != 303 {
		t.Errorf("%d %s", p.Status, p.Body)
	}
	if asked := w.last(); !strings.Contains(asked, "/pay livemode=false k ") || !strings.Contains(asked, `{"confirm_iban":"0189"}`) {
		t.Errorf("asked %s", asked)
	}
	w.more = `,"amount_payable":0,"payments":[` + open + `]`
	one = w.Get("/portal/received/" + id)
	if strings.Contains(one.Body, pay) || !strings.Contains(one.Body, `href="https://bank.example/1"`) || strings.Contains(one.Body, "<i>Martin") {
		t.Error(one.Body)
	}
}

func TestTheOwnerCancelsAPayment(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	cancel := "/portal/received/" + id + "/pay/cancel"
	w.more = `,"amount_payable":0,"payments":[` + open + `]`
	if one := w.Get("/portal/received/" + id); !strings.Contains(one.Body, `action="`+cancel+`"`) {
		t.Fatal(one.Body)
	}
	if p := w.Post(cancel, url.Values{}); p.Status != 303 || !strings.Contains(p.Header.Get("Location"), "received_pay_cancelled") {
		t.Errorf("%d %v", p.Status, p.Header)
	}
	w.approve = true
	if p := w.Post(cancel, url.Values{}); p.Status != 200 || !strings.Contains(p.Body, `href="https://bank.example/approve"`) {
		t.Errorf("%d %s", p.Status, p.Body)
	}
	w.fail = true
	if p := w.Post(cancel, url.Values{}); p.Status != 422 || !strings.Contains(p.Body, "cannot cancel this payment") {
		t.Errorf("%d %s", p.Status, p.Body)
	}
}

func TestNobodyElsePaysAnInvoice(t *testing.T) {
	for _, role := range []eupay.Role{eupay.RoleStaff, eupay.RoleAccountant} {
		t.Run(string(role), func(t *testing.T) {
			w := setup(t, role)
			w.more = `,"amount_payable":120,"payments":[]`
			if one := w.Get("/portal/received/" + id); strings.Contains(one.Body, "/pay\"") {
				t.Error("the form is shown")
			}
			if p := w.Post("/portal/received/"+id+"/pay", url.Values{"key": {"k"}}); p.Status == 303 && strings.Contains(p.Header.Get("Location"), id) || strings.Contains(w.last(), "/pay") {
				t.Errorf("%d", p.Status)
			}
		})
	}
}
