package admin_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/admin"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

func TestOperationsShowWhatCanBeRead(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleAdmin, admin.Register)
	r.Answer("GET /admin/operations/payments", http.StatusOK, `{"data":[{"reference":"PAY-1","kind":"payment","merchant_id":"m","amount":29.99,"status":"pending","detail":"<script>alert(1)</script>","stalled_at":"2026-06-17T11:00:00Z"}],"total":1}`)
	r.Answer("GET /admin/operations/dead-letters", http.StatusOK, `{"data":[{"sequence":"7","service":"qr","consumer":"orders","event_type":"payment.completed","parked_at":"2026-06-17T11:00:00Z","reason":"boom"}],"unreachable":["einvoice"]}`)
	r.Answer("GET /admin/operations/streams", http.StatusServiceUnavailable, `{"code":"SERVICE_UNAVAILABLE","message":"Down."}`)
	status, text := r.Get("/portal/admin/operations")
	for _, want := range []string{"PAY-1", "€29.99", "dead-letters/7/requeue", "Does not answer: einvoice", "cannot be read right now"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(text, "<script>alert") {
		t.Errorf("status %d, or a script runs", status)
	}
	r.Answer("POST /admin/operations/dead-letters/7/requeue", http.StatusForbidden, `{"code":"STEP_UP_REQUIRED","message":"Prove it."}`)
	if _, text, _ := r.Post("/portal/admin/operations/dead-letters/7/requeue"); !strings.Contains(text, `name="step_up_proof"`) {
		t.Error("no proof is asked for")
	}
}

func TestAMerchantIsFrozen(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleAdmin, admin.Register)
	r.Answer("GET /admin/merchants/m1", http.StatusOK, `{"id":"m1","name":"`+strings.Repeat("é", 300)+`","gateway_enabled":true,"created_at":"2026-06-01T00:00:00Z"}`)
	r.Answer("GET /admin/merchants/m1/audit", http.StatusOK, `{"data":[{"id":"1","actor":"user:u1","actor_email":"o@example.com","action":"merchant.updated","outcome":"success","created_at":"2026-06-01T00:00:00Z","detail":{"name":"<script>alert(1)</script>"}},{"id":"2","actor":"user:u1","action":"auth.login","outcome":"failure","created_at":"2026-06-01T00:00:00Z","detail":null}],"has_more":false}`)
	r.Answer("GET /admin/merchants/m1/users", http.StatusOK, `{"data":[{"id":"u1","email":"o@example.com","name":"<script>alert(2)</script>","role":"staff","created_at":"2026-06-01T00:00:00Z"}],"pagination":{"page":1,"limit":100,"total":1,"pages":1}}`)
	r.Answer("GET /admin/merchants/m1/api-keys", http.StatusOK, `{"data":[{"id":"k1","api_key":"pk_test_1","name":"<script>alert(3)</script>","per_minute":100,"created_at":"2026-06-01T00:00:00Z"}],"pagination":{"page":1,"limit":100,"total":1,"pages":1}}`)
	r.Answer("GET /admin/merchants/m1/limits", http.StatusOK, `{"reads_per_minute":7,"writes_per_minute":null,"key_calls_per_minute":null,"default_reads_per_minute":3000,"default_writes_per_minute":300}`)
	r.Answer("POST /admin/merchants/m1/gateway", http.StatusOK, `{"id":"m1"}`)
	status, text := r.Get("/portal/admin/merchants/m1")
	for _, want := range []string{`value="u1"`, "pk_test_1", `name="reads_per_minute" type="text" value="7"`, "Every merchant: 3,000", "Profile changed"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(text, "<script>alert") || strings.Contains(text, ">null<") {
		t.Errorf("got %d, or what nobody can read", status)
	}
	changesLimits(t, r)
	if _, _, to := r.Post("/portal/admin/merchants/m1/gateway", "state", "frozen"); to != "/portal/admin/merchants/m1?notice=saved" {
		t.Errorf("leads to %q", to)
	}
	if asked := r.Asked("POST /admin/merchants/m1/gateway"); !strings.Contains(asked, `{"enabled":false,"live":false}`) {
		t.Errorf("asked %s", asked)
	}
	if status, _, _ := r.Post("/portal/admin/merchants/m1/gateway", "state", "boss"); status != http.StatusUnprocessableEntity {
		t.Errorf("a state that is none: %d", status)
	}
	if status, _ := r.Get("/portal/admin/merchants/another"); status != http.StatusNotFound {
		t.Errorf("no such merchant: %d", status)
	}
}

func changesLimits(t *testing.T, r *webtest.Room) {
	t.Helper()
	r.Answer("PUT /admin/merchants/m1/limits", http.StatusOK, `{}`)
	if status, text, _ := r.Post("/portal/admin/merchants/m1/limits", "reads_per_minute", "many"); status != http.StatusUnprocessableEntity || !strings.Contains(text, `value="many"`) || r.Asked("PUT /admin/merchants/m1/limits") != "" {
		t.Errorf("a limit that is no number: %d", status)
	}
	if _, _, to := r.Post("/portal/admin/merchants/m1/limits", "reads_per_minute", "10", "writes_per_minute", " "); to != "/portal/admin/merchants/m1?notice=saved" {
		t.Errorf("leads to %q", to)
	}
	if asked := r.Asked("PUT /admin/merchants/m1/limits"); !strings.Contains(asked, `{"reads_per_minute":10,"writes_per_minute":null,"key_calls_per_minute":null}`) {
		t.Errorf("asked %s", asked)
	}
}

func TestMerchantsAreSearchedByTheAPI(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleAdmin, admin.Register)
	r.Answer("GET /admin/merchants", http.StatusOK, `{"data":[{"id":"m1","name":"Noisette","created_at":"2026-06-01T00:00:00Z"}],"pagination":{"page":1,"limit":25,"total":60,"pages":3}}`)
	status, text := r.Get("/portal/admin?search=noi")
	if status != http.StatusOK || !strings.Contains(text, "/portal/admin/merchants/m1") || !strings.Contains(text, "/portal/admin?page=2&amp;search=noi") {
		t.Errorf("got %d %s", status, text)
	}
	r.Answer("GET /admin/merchants", http.StatusBadRequest, `{"code":"VALIDATION_ERROR","message":"No.","errors":[{"field":"search","message":"search must have 2 to 100 characters."}]}`)
	if status, text := r.Get("/portal/admin?search=n"); status != http.StatusUnprocessableEntity || !strings.Contains(text, "Search for 2 to 100 characters.") || !strings.Contains(text, `value="n"`) {
		t.Errorf("too short: %d", status)
	}
}

func TestOnlyAdminsOpenThesePages(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleMerchant, admin.Register)
	for _, path := range []string{"/portal/admin", "/portal/admin/operations", "/portal/admin/merchants/m1"} {
		if status, _ := r.Get(path); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
}
