package invoices_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/invoices"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/signin"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/migrations"
)

const id = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"

// world is the pages before an API that answers by path, and a browser of one user.
type world struct {
	t      *testing.T
	url    string
	client *http.Client

	mu      sync.Mutex
	role    eupay.Role
	answers map[string]string // by method and path below /api/v1; a refusal begins with its status
	asked   []string
}

func setup(t *testing.T, role eupay.Role) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, role: role, answers: map[string]string{}}
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
	for _, register := range []func(*web.Site) error{signin.Register, invoices.Register} {
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
	w.answers["GET /einvoice/enrollment"] = `{"enrolled":true,"mandate_status":"active","ready":true}`
	w.answers["GET /einvoice/invoices"] = `{"data":[],"pagination":{"page":1,"limit":25,"total":0,"pages":0}}`
	if p := w.post("/portal/login", url.Values{"email": {"a@example.com"}, "password": {"x"}}); p.status != 303 {
		t.Fatalf("login: %d %s", p.status, p.text)
	}
	return w
}

func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	rw.Header().Set("Content-Type", "application/json")
	op := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")
	switch op {
	case "POST /auth/login":
		fmt.Fprintf(rw, `{"token":"t","refresh_token":"r","expires_in":900,"role":%q,"merchant_id":"m"}`, w.role)
		return
	case "GET /auth/me":
		fmt.Fprintf(rw, `{"id":"0b8e7f5a-7c1f-4a51-9a35-000000000001","email":"a@example.com","role":%q,"merchant_id":"0b8e7f5a-7c1f-4a51-9a35-000000000002","email_verified":true}`, w.role)
		return
	}
	w.asked = append(w.asked, op+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
	answer, ok := w.answers[op]
	if !ok {
		answer = `404 {"code":"NOT_FOUND","message":"Not found."}`
	}
	if strings.HasPrefix(answer, "%PDF") {
		rw.Header().Set("Content-Type", "text/html") // an API that errs must not make a page of ours
		rw.Header().Set("Content-Disposition", `inline; filename="f.pdf"`)
	}
	var status int
	if n, err := fmt.Sscanf(answer, "%d {", &status); err == nil && n == 1 {
		rw.WriteHeader(status)
		answer = answer[4:]
	}
	_, _ = io.WriteString(rw, answer)
}

type page struct {
	status int
	header http.Header
	text   string
}

func (w *world) do(method, path string, form url.Values, header ...string) page {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
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

func (w *world) get(path string) page { return w.do(http.MethodGet, path, nil) }

func (w *world) post(path string, form url.Values) page { return w.do(http.MethodPost, path, form) }

func (w *world) told(op string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range slices.Backward(w.asked) {
		if strings.HasPrefix(a, op+" ") {
			return a[len(op)+1:]
		}
	}
	return ""
}

func invoice(change func(map[string]any)) string {
	m := map[string]any{
		"id": id, "invoice_number": "INV-1", "type_code": "380", "status": "pending", "seqino_status": "submitted", "audience": "B2C", "issue_date": "2026-06-17", "due_date": "2099-06-17",
		"currency": "EUR", "total_ttc": 120.0, "total_ht": 100.0, "total_vat": 20.0, "amount_due": 120.0, "customer_name": "Jeanne", "created_at": "2026-06-17T12:00:00Z",
		"lifecycle": map[string]any{"code": 200, "label": "Déposée"}, "lifecycle_events": []any{map[string]any{"code": 200, "label": "Déposée", "occurred_at": "2026-06-17T12:00:00Z"}},
	}
	change(m)
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func written() url.Values {
	return url.Values{
		"key": {"k1"}, "lines": {"2"}, "customer_type": {"individual"}, "customer_name": {"Jeanne"}, "customer_siren": {"552 100 554"}, "discount_amount": {"1,50"}, "reference": {"R-1"},
		"items[0].product_name": {"Conseil"}, "items[0].quantity": {"1,5"}, "items[0].unit_price_ttc": {"90"}, "items[0].vat_rate": {"20"},
		"items[1].product_name": {"Livre"}, "items[1].quantity": {"1"}, "items[1].unit_price_ttc": {"21.10"}, "items[1].vat_rate": {"5.5"},
	}
}

func TestAnInvoiceIsIssuedOnce(t *testing.T) {
	w := setup(t, eupay.RoleStaff)
	w.answers["POST /einvoice/invoices"] = "201 " + invoice(func(map[string]any) {})
	p := w.post("/portal/invoices/new", written())
	if p.status != 303 || p.header.Get("Location") != "/portal/invoices/"+id+"?notice=invoice_created" {
		t.Fatalf("%d %s", p.status, p.text)
	}
	told := w.told("POST /einvoice/invoices")
	if !strings.HasPrefix(told, "k1 ") || !strings.Contains(told, `"quantity":1.5,"unit_price_ttc":90`) || !strings.Contains(told, `"vat_rate":5.5`) || !strings.Contains(told, `"reference":"R-1"`) ||
		strings.Contains(told, "siren") || strings.Contains(told, "paid_on") {
		t.Errorf("told %s", told)
	}
	company := written()
	company.Set("customer_type", "business")
	if w.post("/portal/invoices/new", company); !strings.Contains(w.told("POST /einvoice/invoices"), `"customer_siren":"552100554"`) {
		t.Errorf("told %s", w.told("POST /einvoice/invoices"))
	}
}

func TestLinesAreAddedAndRemovedWithoutAScript(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	f := written()
	f.Set("do", "add")
	p := w.post("/portal/invoices/new", f)
	if p.status != 200 || !strings.Contains(p.text, `name="items[2].product_name"`) || !strings.Contains(p.text, `value="Livre"`) || !strings.Contains(p.text, `value="R-1"`) || !strings.Contains(p.text, `name="lines" value="3"`) {
		t.Errorf("add: %d %s", p.status, p.text)
	}
	f.Set("do", "remove-0")
	p = w.post("/portal/invoices/new", f)
	if strings.Contains(p.text, `name="items[1].`) || !strings.Contains(p.text, `value="Livre"`) || strings.Contains(p.text, `value="Conseil"`) || strings.Contains(p.text, `value="remove-`) {
		t.Errorf("remove: %s", p.text)
	}
	f.Set("do", "add")
	if part := w.do(http.MethodPost, "/portal/invoices/new", f, "Hx-Request", "true"); strings.Contains(part.text, "<html") || !strings.HasPrefix(part.text, `<div id="lines"`) {
		t.Errorf("a part: %s", part.text)
	}
	for _, odd := range []string{"remove-9", "remove--1", "drop", "remove-x"} {
		f.Set("do", odd)
		if p := w.post("/portal/invoices/new", f); p.status != 200 || !strings.Contains(p.text, `name="lines" value="2"`) {
			t.Errorf("%s: %d", odd, p.status)
		}
	}
	f.Set("lines", "100000")
	if p := w.post("/portal/invoices/new", f); strings.Contains(p.text, `name="items[50].`) {
		t.Error("as many lines as somebody says")
	}
	if w.told("POST /einvoice/invoices") != "" {
		t.Error("an invoice was issued")
	}
}

func TestWhatTheAPIRefusesStaysTyped(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	for name, answer := range map[string]string{
		"a field": `400 {"code":"VALIDATION_ERROR","message":"Invalid.","errors":[{"field":"items[1].product_name","message":"Say <b>what</b>."}]}`,
		"busy":    `429 {"code":"RATE_LIMIT_EXCEEDED","message":"Too many."}`, "away": `502 {}`,
	} {
		w.answers["POST /einvoice/invoices"] = answer
		p := w.post("/portal/invoices/new", written())
		if p.status != 422 || !strings.Contains(p.text, `value="Livre"`) || !strings.Contains(p.text, `value="k1"`) || !strings.Contains(p.text, `role="alert"`) || strings.Contains(p.text, "<b>what") {
			t.Errorf("%s: %d %s", name, p.status, p.text)
		}
		if name == "a field" && !strings.Contains(p.text, `id="w-items[1].product_name"`) {
			t.Errorf("the field is not marked: %s", p.text)
		}
	}
	bad := written()
	bad.Set("items[0].quantity", "1e9")
	delete(w.answers, "POST /einvoice/invoices")
	if p := w.post("/portal/invoices/new", bad); p.status != 422 || !strings.Contains(p.text, `id="w-items[0].quantity"`) {
		t.Errorf("quantity: %d", p.status)
	}
}

func TestThePageOfAnInvoiceSaysWhatToDo(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	step := func(code int) map[string]any { return map[string]any{"code": code, "label": "x"} }
	for want, change := range map[string]func(map[string]any){
		"Waits for the customer’s money":         func(map[string]any) {},
		"Overdue":                                func(m map[string]any) { m["due_date"] = "2020-01-01" },
		"Waits for your mandate":                 func(m map[string]any) { m["status"], m["seqino_status"] = "draft", "mandate_pending" },
		"The platform did not take this invoice": func(m map[string]any) { m["seqino_status"], m["problem"] = "submission_failed", "<i>BR-42</i>" },
		"On its way to the platform":             func(m map[string]any) { m["seqino_status"] = "submission_failed" },
		"Your customer refused this invoice":     func(m map[string]any) { m["status"], m["lifecycle"] = "failed", step(210) },
		"The platform rejected this invoice":     func(m map[string]any) { m["status"], m["lifecycle"] = "failed", step(213) },
		"Your customer holds this invoice back":  func(m map[string]any) { m["lifecycle"] = step(207) },
		"Paid in full":                           func(m map[string]any) { m["status"], m["amount_due"] = "paid", 0 },
		"Cancelled: nothing is owed any more":    func(m map[string]any) { m["status"] = "cancelled" },
		"This document corrects an invoice": func(m map[string]any) {
			m["type_code"] = "381"
			m["corrects"] = map[string]any{"id": "x", "invoice_number": "INV-0", "amount": 1}
		},
		"&lt;script&gt;alert(1)&lt;/script&gt;": func(m map[string]any) { m["customer_name"], m["notes"] = "<script>alert(1)</script>", "שלום 🍵" },
		"99 of a law that is yet to be written": func(m map[string]any) {
			m["notes"] = "99 of a law that is yet to be written"
			m["lifecycle_events"] = []any{step(299)}
		},
		strings.Repeat("ß", 300): func(m map[string]any) { m["customer_name"] = strings.Repeat("ß", 300) },
	} {
		w.answers["GET /einvoice/invoices/"+id] = invoice(change)
		if p := w.get("/portal/invoices/" + id); p.status != 200 || !strings.Contains(p.text, want) || strings.Contains(p.text, "<i>BR") || strings.Contains(p.text, "<script>alert") {
			t.Errorf("%s: %d %s", want, p.status, p.text)
		}
	}
}

func TestActionsGoToTheAPIWithTheirKey(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	w.answers["GET /einvoice/invoices/"+id] = invoice(func(map[string]any) {})
	note := invoice(func(m map[string]any) { m["id"], m["type_code"] = "note", "381" })
	for _, c := range []struct{ action, op, answer, form, want, to string }{
		{"paid", "mark-paid", invoice(func(map[string]any) {}), "key=k&payment_method=cash&amount=10,5&payment_date=2026-06-17", `k {"payment_method":"cash","payment_date":"2026-06-17","amount":10.5`, id},
		{"credit", "credit-note", note, "key=k&reason=back&amount=", `k {"reason":"back","type":"refund"}`, "note"},
		{"cancel", "cancel", invoice(func(map[string]any) {}), "reason=wrong", ` {"reason":"wrong"}`, id},
		{"submit", "submit", invoice(func(m map[string]any) { m["_seqino"] = map[string]any{"submitted": true} }), "", ` `, id},
	} {
		f, err := url.ParseQuery(c.form)
		if err != nil {
			t.Fatal(err)
		}
		op := "POST /einvoice/invoices/" + id + "/" + c.op
		w.answers[op] = c.answer
		p := w.post("/portal/invoices/"+id+"/"+c.action, f)
		if got := w.told(op); p.status != 303 || !strings.HasPrefix(got, c.want) || !strings.HasPrefix(p.header.Get("Location"), "/portal/invoices/"+c.to+"?notice=") {
			t.Errorf("%s: %d to %s, told %s", c.action, p.status, p.header.Get("Location"), got)
		}
		w.answers[op] = `409 {"code":"INVALID_STATE","message":"Not <now>."}`
		if p := w.post("/portal/invoices/"+id+"/"+c.action, f); p.status != 422 || !strings.Contains(p.text, "Not &lt;now&gt;.") {
			t.Errorf("%s refused: %d %s", c.action, p.status, p.text)
		} else if !strings.Contains(p.text, `name="next" value="/portal/invoices/`+id+`"`) { // it led to the form's own address, which has no page
			t.Errorf("%s refused: another language leads elsewhere than to the invoice", c.action)
		}
	}
}

func TestTheDirectoryFillsInTheCustomer(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	f := written()
	f.Set("do", "lookup")
	f.Set("customer_name", "")
	w.answers["GET /einvoice/directory/552100554"] = `{"siren":"552100554","name":"<Acme>","reachable":true,"electronic_address":null,"lines":[` +
		`{"electronic_address":"552100554_A","addressable":true,"address":{"street":"1 rue X","city":"Lyon","post_code":"69001","country":"FR"}},` +
		`{"electronic_address":"552100554_B","addressable":true,"address":null},{"electronic_address":"552100554_C","addressable":false,"address":null}]}`
	p := w.post("/portal/invoices/new", f)
	for _, want := range []string{`value="&lt;Acme&gt;"`, `value="1 rue X"`, `value="69001"`, "552100554_B", `value="Livre"`, `value="business" checked`} {
		if p.status != 200 || !strings.Contains(p.text, want) {
			t.Errorf("no %s: %d", want, p.status)
		}
	}
	if strings.Contains(p.text, "552100554_C") {
		t.Error("an address that cannot be used is offered")
	}
	w.answers["GET /einvoice/directory/552100554"] = `{"siren":"552100554","name":"Acme","reachable":false,"electronic_address":null,"lines":[]}`
	if p := w.post("/portal/invoices/new", f); !strings.Contains(p.text, "cannot receive e-invoices yet") {
		t.Errorf("unreachable: %d", p.status)
	}
	delete(w.answers, "GET /einvoice/directory/552100554")
	if p := w.post("/portal/invoices/new", f); p.status != 200 || !strings.Contains(p.text, `id="w-customer_siren"`) {
		t.Errorf("unknown: %d", p.status)
	}
	if w.told("POST /einvoice/invoices") != "" {
		t.Error("an invoice was issued")
	}
}

func TestDepositsAndKeptInvoicesAreAskedFor(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	w.answers["POST /einvoice/invoices"] = "201 " + invoice(func(map[string]any) {})
	f := written()
	f.Set("type", "deposit")
	f.Set("keep_unreachable", "1")
	if w.post("/portal/invoices/new", f); !strings.Contains(w.told("POST /einvoice/invoices"), `"type":"deposit","unreachable_buyer":"keep"`) {
		t.Errorf("told %s", w.told("POST /einvoice/invoices"))
	}
	f = written()
	f.Set("deposits", "INV-1, INV-2")
	w.answers["POST /einvoice/invoices"] = `400 {"code":"VALIDATION_ERROR","message":"Invalid.","errors":[{"field":"deposits[1]","message":"Not so."}]}`
	if p := w.post("/portal/invoices/new", f); !strings.Contains(w.told("POST /einvoice/invoices"), `"deposits":["INV-1","INV-2"]`) || !strings.Contains(p.text, `id="w-deposits"`) {
		t.Errorf("told %s", w.told("POST /einvoice/invoices"))
	}
}

// The API names the entry of the list that it got; the page marks the line that the merchant filled in.
func TestACreditNoteNamesLines(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	w.answers["GET /einvoice/invoices/"+id] = invoice(func(m map[string]any) {
		m["items"] = []any{
			map[string]any{"product_name": "Lampe", "quantity": 2, "unit_price_ttc": 60}, map[string]any{"product_name": "<b>Table</b>", "quantity": 1, "unit_price_ttc": 240},
		}
	})
	if p := w.get("/portal/invoices/" + id); !strings.Contains(p.text, `name="items[1].quantity"`) || !strings.Contains(p.text, "&lt;b&gt;Table&lt;/b&gt; · 1 ×") {
		t.Errorf("the page: %s", p.text)
	}
	op := "POST /einvoice/invoices/" + id + "/credit-note"
	f := url.Values{"key": {"k"}, "reason": {"back"}, "amount": {""}, "items[0].quantity": {""}, "items[1].quantity": {"0,5"}}
	w.answers[op] = invoice(func(m map[string]any) { m["id"] = "note" })
	if p := w.post("/portal/invoices/"+id+"/credit", f); p.status != 303 || !strings.Contains(w.told(op), `"items":[{"line":2,"quantity":0.5}]`) {
		t.Errorf("%d, told %s", p.status, w.told(op))
	}
	for _, field := range []string{"items[0].quantity", "items[0]"} {
		w.answers[op] = `400 {"code":"VALIDATION_ERROR","message":"Invalid.","errors":[{"field":"` + field + `","message":"Not so."}]}`
		if p := w.post("/portal/invoices/"+id+"/credit", f); p.status != 422 || !strings.Contains(p.text, `id="w-items[1].quantity"`) || !strings.Contains(p.text, `value="0,5"`) {
			t.Errorf("%s: %d %s", field, p.status, p.text)
		}
	}
	f.Set("items[1].quantity", "-1")
	w.answers[op] = ""
	if p := w.post("/portal/invoices/"+id+"/credit", f); p.status != 422 || !strings.Contains(p.text, `id="w-items[1].quantity"`) {
		t.Errorf("a wrong quantity: %d", p.status)
	}
}

func TestAnothersInvoiceIsNotThere(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	for _, path := range []string{"/portal/invoices/other", "/portal/invoices/other/pdf", "/portal/invoices/..%2f..%2fmerchant"} {
		if p := w.get(path); p.status != 404 {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	if p := w.get("/portal/invoices?number=INV-9"); p.status != 200 || !strings.Contains(p.text, "There is no invoice with that number.") {
		t.Errorf("search: %d", p.status)
	}
	w.answers["GET /einvoice/invoices/INV-1"] = invoice(func(map[string]any) {})
	if p := w.get("/portal/invoices?number=INV-1"); p.header.Get("Location") != "/portal/invoices/"+id {
		t.Errorf("search leads to %q", p.header.Get("Location"))
	}
}

func TestAPDFIsAPDF(t *testing.T) {
	w := setup(t, eupay.RoleAccountant)
	w.answers["GET /einvoice/invoices/"+id+"/pdf"] = "%PDF-1.7 <script>alert(1)</script>"
	p := w.get("/portal/invoices/" + id + "/pdf")
	if p.status != 200 || p.header.Get("Content-Type") != "application/pdf" || p.header.Get("Content-Disposition") != "inline; filename=f.pdf" || p.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(p.header.Get("Content-Security-Policy"), "script-src 'none'") || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", p.status, p.header)
	}
	if p := w.get("/portal/invoices/" + id + "/pdf?download=1"); !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") {
		t.Error(p.header.Get("Content-Disposition"))
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	for role, may := range map[eupay.Role]map[string]bool{
		eupay.RoleMerchant:   {"see": true, "issue": true, "set": true},
		eupay.RoleStaff:      {"see": true, "issue": true},
		eupay.RoleAccountant: {"see": true},
		eupay.RoleAdmin:      {},
	} {
		t.Run(string(role), func(t *testing.T) {
			w := setup(t, role)
			w.answers["GET /einvoice/settings"] = `{"legal_name":"Shop"}`
			w.answers["GET /einvoice/reports"] = w.answers["GET /einvoice/invoices"]
			w.answers["GET /einvoice/invoices/"+id] = invoice(func(m map[string]any) { m["seqino_status"] = "submission_failed" })
			for _, c := range []struct{ what, method, path string }{
				{"see", "GET", ""},
				{"see", "GET", "/" + id},
				{"see", "GET", "/reports"},
				{"see", "GET", "/enrolment"},
				{"see", "GET", "/settings"},
				{"issue", "GET", "/new"},
				{"issue", "POST", "/new"},
				{"issue", "POST", "/" + id + "/submit"},
				{"issue", "POST", "/" + id + "/paid"},
				{"issue", "POST", "/" + id + "/cancel"},
				{"issue", "POST", "/" + id + "/credit"},
				{"set", "POST", "/enrolment"},
				{"set", "GET", "/enrolment/identity"},
				{"set", "POST", "/settings"},
			} {
				if p := w.do(c.method, "/portal/invoices"+c.path, nil); (p.status != 403) != may[c.what] {
					t.Errorf("%s %s: %d", c.method, c.path, p.status)
				}
			}
			if !may["see"] {
				return
			}
			if p := w.get("/portal/invoices/" + id); strings.Contains(p.text, "/submit") != may["issue"] || strings.Contains(p.text, "/cancel") != may["issue"] {
				t.Errorf("buttons: %s", p.text)
			}
			if p := w.get("/portal/invoices/settings"); strings.Contains(p.text, "<fieldset disabled>") == may["set"] {
				t.Error("settings")
			}
		})
	}
}

func TestTheEnrolmentIsAGuidedPath(t *testing.T) {
	w := setup(t, eupay.RoleMerchant)
	w.answers["GET /einvoice/settings"] = `403 {"code":"NOT_ENROLLED","message":"Not enrolled.","action":"x"}`
	w.answers["GET /merchant"] = `{"id":"m","name":"Shop","legal_name":"Shop SARL","email":"s@example.com","iban":"FR76"}`
	w.answers["GET /einvoice/enrollment"] = `{"enrolled":false,"ready":false}`
	if p := w.get("/portal/invoices/enrolment"); !strings.Contains(p.text, `value="Shop SARL"`) || !strings.Contains(p.text, `name="siret"`) {
		t.Errorf("first: %s", p.text)
	}
	w.answers["POST /einvoice/enroll"] = `{"enrolled":true,"mandate_status":"pending_kyb","ready":false}`
	p := w.post("/portal/invoices/enrolment", url.Values{"legal_name": {"Shop"}, "siret": {"552 100 554 00013"}, "address.street": {"1 rue"}, "address.country": {"FR"}})
	if told := w.told("POST /einvoice/enroll"); p.status != 303 || !strings.Contains(told, `"siret":"55210055400013"`) || strings.Contains(told, "footer") || strings.Contains(told, "vat_on_debits") {
		t.Errorf("%d, told %s", p.status, told)
	}
	for _, status := range []string{"pending_kyb", "expired", "error"} {
		w.answers["GET /einvoice/enrollment"] = `{"enrolled":true,"mandate_status":"` + status + `","ready":false}`
		if p := w.get("/portal/invoices/enrolment"); !strings.Contains(p.text, "/enrolment/identity") || !strings.Contains(p.text, `hx-trigger="every 5s"`) || strings.Contains(p.text, "invoices.mandate") {
			t.Errorf("%s: %s", status, p.text)
		}
	}
	for link, want := range map[string]int{"https://platform.example/kyb": 303, "javascript:alert(1)": 502, "/local": 502} {
		w.answers["GET /einvoice/enrollment/onboarding-link"] = fmt.Sprintf(`{"url":%q,"expires_at":"2026-06-17T12:00:00Z"}`, link)
		if p := w.get("/portal/invoices/enrolment/identity"); p.status != want {
			t.Errorf("%s: %d", link, p.status)
		}
	}
	w.answers["GET /einvoice/enrollment"] = `{"enrolled":true,"mandate_status":"active","ready":true,"siret":"55210055400013","mandate_id":"mdt_1"}`
	if p := w.do(http.MethodGet, "/portal/invoices/enrolment", nil, "Hx-Request", "true"); !strings.Contains(p.text, "E-invoicing is active") || strings.Contains(p.text, "every 5s") || strings.Contains(p.text, "<html") {
		t.Errorf("ready: %s", p.text)
	}
}

// The owner credits and refunds in one step where one payment of EU Pay, and nothing else, paid the invoice. A refund that was refused is told:
// the credit note stands.
func TestACreditNoteRefundsThePayment(t *testing.T) {
	const op, box = "POST /einvoice/invoices/" + id + "/credit-note", `name="refund"`
	paid := func(references ...any) string {
		return invoice(func(m map[string]any) {
			payments := []any{}
			for _, ref := range references {
				payments = append(payments, map[string]any{"id": "p", "amount": 10, "payment_reference": ref})
			}
			m["payments"], m["amount_due"], m["status"], m["amount_paid"] = payments, 0, "paid", 10
		})
	}
	const ref = "PAY-20260617-0B25921FB72918ED"
	for _, role := range []eupay.Role{eupay.RoleMerchant, eupay.RoleStaff} {
		w := &world{}
		t.Run(string(role), func(t *testing.T) {
			w = setup(t, role)
			for shown, answers := range map[bool][]string{role == eupay.RoleMerchant: {paid(ref)}, false: {paid(nil), paid(ref, nil)}} {
				for _, answer := range answers {
					w.answers["GET /einvoice/invoices/"+id] = answer
					if p := w.get("/portal/invoices/" + id); strings.Contains(p.text, box) != shown {
						t.Errorf("the box is shown: %v; %s", !shown, answer)
					}
				}
			}
			if role != eupay.RoleMerchant {
				return
			}
			f := url.Values{"key": {"k"}, "reason": {"back"}, "refund": {"1"}}
			w.answers[op] = invoice(func(m map[string]any) { m["id"], m["refund"] = "note", map[string]any{"payment_reference": ref} })
			if p := w.post("/portal/invoices/"+id+"/credit", f); p.status != 303 || p.header.Get("Location") != "/portal/payments/"+ref+"?notice=invoice_refunded" ||
				!strings.Contains(w.told(op), `"refund":true`) {
				t.Errorf("%d %v, told %s", p.status, p.header, w.told(op))
			}
			w.answers[op] = invoice(func(m map[string]any) {
				m["id"], m["refund_error"] = "note", map[string]any{"code": "REFUND_EXCEEDS_PAYMENT"}
			})
			if p := w.post("/portal/invoices/"+id+"/credit", f); p.header.Get("Location") != "/portal/invoices/note?notice=invoice_credited_only" {
				t.Errorf("%d %v", p.status, p.header)
			}
		})
	}
}
