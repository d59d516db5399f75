package received_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/received"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/signin"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/migrations"
)

const id = "019a0c5e-7d52-7a3c-9d10-2f8a6f1b7c44"

const summary = `"id":"` + id + `","status":"received","lifecycle":{"code":203,"label":"Mise à disposition"},"format":"ubl","invoice_number":"F-17","type_code":"380",` +
	`"issue_date":"2026-06-15","due_date":"2026-07-15","currency":"EUR","total_ht":100,"total_vat":20,"total_ttc":120,"amount_due":120,"seller_name":"<b>Martin</b> SAS",` +
	`"seller_siren":"732829320","duplicate_of":null,"unknown_sender":true,"problem":null,"received_at":"2026-06-17T12:00:00Z","created_at":"2026-06-17T12:00:00Z","updated_at":"2026-06-17T12:00:00Z"`

const whole = `{` + summary + `,"allowed_statuses":["approved","refused"],"findings":[{"code":"iban_changed","message":"x"},{"code":"of_tomorrow","message":"Said by the API."}],` +
	`"answers":[],"seller":{"name":"Martin SAS","country":"FR"},"buyer":{"name":"Store"},"accounts":[{"iban":"FR7630006000011234567890189","seen_before":false}],` +
	`"items":[{"id":"1","product_name":"Papier","quantity":2.5,"unit":"C62","unit_price_ht":40,"base_quantity":null,"total_ht":100,"vat_category":"S","vat_rate":20}],"notes":[],"allowances":[]}`

// world is the pages before an API with one received invoice, and a browser of one user.
type world struct {
	t      *testing.T
	url    string
	client *http.Client
	role   eupay.Role

	mu    sync.Mutex
	asked []string
	fail  bool
}

func setup(t *testing.T, role eupay.Role) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, role: role}
	api := httptest.NewServer(http.HandlerFunc(w.api))
	t.Cleanup(api.Close)
	pool, _ := pgtest.New(t, "portal", migrations.FS)
	sealer, err := vault.New("portal", strings.Repeat("01", 32))
	if err != nil {
		t.Fatal(err)
	}
	client := eupay.New("", "", eupay.Options{BaseURL: api.URL, Retries: -1})
	site, err := web.New(web.Deps{
		API: client, Sessions: session.New(pool, sealer, client, time.Now), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		PublicURL: "http://pages.example", APIURL: "http://api.example",
	})
	for _, register := range []func(*web.Site) error{signin.Register, received.Register} {
		if err == nil {
			err = register(site)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	h, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(h)
	t.Cleanup(pages.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.url, w.client = pages.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if p := w.do(http.MethodPost, "/portal/login", url.Values{"email": {"a@example.com"}, "password": {"x"}}); p.status != 303 {
		t.Fatalf("login: %d %s", p.status, p.text)
	}
	return w
}

func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	op := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")
	w.asked = append(w.asked, op+" "+r.URL.RawQuery+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
	rw.Header().Set("Content-Type", "application/json")
	switch op {
	case "POST /auth/login":
		fmt.Fprintf(rw, `{"token":"t","refresh_token":"r","expires_in":900,"role":%q,"merchant_id":"m"}`, w.role)
	case "GET /auth/me":
		fmt.Fprintf(rw, `{"id":"0b8e7f5a-7c1f-4a51-9a35-000000000001","email":"a@example.com","role":%q,"merchant_id":"0b8e7f5a-7c1f-4a51-9a35-000000000002","email_verified":true}`, w.role)
	case "GET /einvoice/received":
		fmt.Fprintf(rw, `{"data":[{%s}],"pagination":{"page":1,"limit":25,"total":1,"pages":1}}`, summary)
	case "GET /einvoice/received/" + id:
		_, _ = io.WriteString(rw, whole)
	case "GET /einvoice/received/" + id + "/xml":
		rw.Header().Set("Content-Type", "text/html") // an API that errs must not make a page of ours
		rw.Header().Set("Content-Disposition", `inline; filename="a/b.xml"`)
		_, _ = io.WriteString(rw, "<script/>")
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

type page struct {
	status int
	header http.Header
	text   string
}

func (w *world) do(method, path string, form url.Values) page {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Header, string(raw)}
}

func (w *world) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[len(w.asked)-1]
}

func TestTheInboxAndAnInvoiceAreShown(t *testing.T) {
	w := setup(t, eupay.RoleAccountant)
	list := w.do(http.MethodGet, "/portal/received?status=received&siren=732+829+320", nil)
	if list.status != 200 || !strings.Contains(list.text, `href="/portal/received/`+id+`"`) || !strings.Contains(list.text, "&lt;b&gt;Martin") || strings.Contains(list.text, "<b>Martin") {
		t.Errorf("%d %s", list.status, list.text)
	}
	if asked := w.last(); !strings.Contains(asked, "seller_siren=732829320") || !strings.Contains(asked, "status=received") {
		t.Errorf("asked %s", asked)
	}
	one := w.do(http.MethodGet, "/portal/received/"+id, nil)
	for _, want := range []string{"Call the supplier on a number that you know", "Said by the API.", "FR7630006000011234567890189", "New account", "Papier", "2.5 C62"} {
		if one.status != 200 || !strings.Contains(one.text, want) {
			t.Errorf("%d: the page has no %q", one.status, want)
		}
	}
	if strings.Contains(one.text, `action="/portal/received/`) {
		t.Error("an accountant is offered to answer")
	}
}

func TestAnAnswerIsSentWithItsReason(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	if one := w.do(http.MethodGet, "/portal/received/"+id, nil); !strings.Contains(one.text, `<option value="refused">`) || strings.Contains(one.text, `<option value="disputed">`) {
		t.Errorf("the form does not offer what is allowed: %s", one.text)
	}
	form := url.Values{"key": {"k1"}, "status": {"refused"}, "reason_code": {"CMD_ERR"}, "reason": {"Not ordered"}}
	p := w.do(http.MethodPost, "/portal/received/"+id+"/status", form)
	if p.status != 303 || p.header.Get("Location") != "/portal/received/"+id+"?notice=received_answered" {
		t.Errorf("%d %v", p.status, p.header)
	}
	if asked := w.last(); !strings.Contains(asked, " k1 ") || !strings.Contains(asked, `"reason_code":"CMD_ERR"`) {
		t.Errorf("asked %s", asked)
	}
	form.Set("status", "approved") // the reason that is chosen beside it is of no use
	w.do(http.MethodPost, "/portal/received/"+id+"/status", form)
	if asked := w.last(); strings.Contains(asked, "reason_code") {
		t.Errorf("asked %s", asked)
	}
	w.mu.Lock()
	w.fail = true
	w.mu.Unlock()
	if p := w.do(http.MethodPost, "/portal/received/"+id+"/status", form); p.status != 422 || !strings.Contains(p.text, `<option value="approved" selected>`) {
		t.Errorf("%d %s", p.status, p.text)
	}
}

func TestAFileOfASupplierIsOnlyADownload(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	p := w.do(http.MethodGet, "/portal/received/"+id+"/xml", nil)
	h := p.header
	if p.status != 200 || h.Get("Content-Type") != "application/xml" || h.Get("Content-Disposition") != "attachment; filename=a_b.xml" || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", p.status, h)
	}
}
