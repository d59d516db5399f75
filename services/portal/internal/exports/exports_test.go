package exports_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/exports"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const ready = `{"id":"x1","kind":"sales","format":"csv","from":"2026-05-01","to":"2026-05-31","status":"ready","file_name":"sales_2026-05-01_2026-05-31.csv",
	"content_type":"text/csv; charset=utf-8","size":3,"rows":1,"created_at":"2026-06-17T12:00:00Z","expires_at":"2026-07-17T12:00:00Z"}`

func room(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleAccountant, exports.Register)
	r.Answer("GET /exports", http.StatusOK, `{"success":true,"data":[`+ready+`,{"id":"x2","kind":"fec","format":"fec","from":"2026-05-01","to":"2026-05-01","status":"failed",
		"problem":"<script>alert(1)</script>","created_at":"2026-06-17T12:00:00Z","expires_at":"2026-07-17T12:00:00Z"}],"pagination":{"page":1,"limit":20,"total":2,"pages":1}}`)
	return r
}

func TestAnAccountantAsksForAFileAndFetchesIt(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("POST /exports", http.StatusCreated, `{"success":true,"data":`+ready+`}`)
	status, text := r.Get("/portal/exports")
	for _, want := range []string{`href="/portal/exports/x1/file"`, "sales_2026-05-01_2026-05-31.csv", "&lt;script&gt;alert(1)", `value="2026-10-01"`, `value="2026-10-31"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(text, "<script>alert") {
		t.Errorf("status %d, or what the API says runs", status)
	}
	for layout, want := range map[string]string{"xlsx": `"format":"xlsx"`, "semicolon": `"format":"csv","separator":"semicolon"`, "comma": `"separator":"comma"`} {
		_, _, to := r.Post("/portal/exports", "kind", "sales", "layout", layout, "from", "2026-05-01", "to", "2026-05-31", "key", "k")
		if asked := r.Asked("POST /exports"); !strings.Contains(asked, want) || !strings.Contains(asked, `"from":"2026-05-01"`) || !strings.HasSuffix(to, "notice=export_created") {
			t.Errorf("%s: asked %s, then %s", layout, asked, to)
		}
	}
	r.Post("/portal/exports", "kind", "fec", "layout", "xlsx", "from", "2026-05-01", "to", "2026-05-31", "key", "k")
	if asked := r.Asked("POST /exports"); strings.Contains(asked, "format") {
		t.Errorf("a FEC has no other format: %s", asked)
	}
	r.Post("/portal/exports", "kind", "documents", "layout", "xlsx", "from", "2026-05-01", "to", "2026-05-31", "key", "k")
	if asked := r.Asked("POST /exports"); !strings.Contains(asked, `"kind":"invoices","format":"zip"`) || strings.Contains(asked, "separator") {
		t.Errorf("the documents themselves: asked %s", asked)
	}
}

func TestWhatTheAPIRefusesIsShownInTheForm(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("POST /exports", http.StatusBadRequest, `{"success":false,"code":"VALIDATION_ERROR","message":"x","errors":[{"field":"to","message":"to must not be in the future."}]}`)
	status, text, _ := r.Post("/portal/exports", "kind", "sales", "layout", "xlsx", "from", "2026-05-01", "to", "2027-05-31", "key", "k")
	if status != http.StatusUnprocessableEntity || !strings.Contains(text, "to must not be in the future.") || !strings.Contains(text, `value="2027-05-31"`) {
		t.Errorf("%d", status)
	}
}

func TestTheOwnerSetsTheAccountsOfTheBooks(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleMerchant, exports.Register)
	const set = `{"success":true,"data":{"customers":"411000","goods":"707000","services":"706000","vat":"44571","transit":"511000","bank":"512100","cash":"530000",
		"suspense":"471000","advances":"419100","advances_from":"2027-01-01","goods_rebates":"709700","services_rebates":"709600"}}`
	r.Answer("GET /exports/accounts", http.StatusOK, set)
	r.Answer("PUT /exports/accounts", http.StatusOK, set)
	status, text := r.Get("/portal/exports/accounts")
	for _, want := range []string{`value="512100"`, `value="2027-01-01"`, `value="709600"`, "44571200"} {
		if status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d, no %q", status, want)
		}
	}
	_, _, to := r.Post("/portal/exports/accounts", "bank", "512200", "advances_from", "2026-12-01")
	if asked := r.Asked("PUT /exports/accounts"); !strings.Contains(asked, `"bank":"512200"`) || !strings.Contains(asked, `"advances_from":"2026-12-01"`) || strings.Contains(asked, "customers") || !strings.HasSuffix(to, "notice=accounts_saved") {
		t.Errorf("asked %s, then %s", asked, to)
	}
	r.Answer("PUT /exports/accounts", http.StatusBadRequest, `{"success":false,"code":"VALIDATION_ERROR","message":"x","errors":[{"field":"bank","message":"bank must be three digits."}]}`)
	if status, text, _ := r.Post("/portal/exports/accounts", "bank", "abc"); status != http.StatusUnprocessableEntity || !strings.Contains(text, `<p class="wrong" id="w-bank">`) || !strings.Contains(text, `value="abc"`) {
		t.Errorf("%d", status)
	}
}
