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
	r.Answer("GET /admin/merchants/m1/audit", http.StatusOK, `{"data":[{"id":"1","actor":"user:u1","actor_email":"o@example.com","action":"merchant.updated","outcome":"success","created_at":"2026-06-01T00:00:00Z","detail":{"name":"<script>alert(1)</script>"}}],"has_more":false}`)
	r.Answer("POST /admin/merchants/m1/gateway", http.StatusOK, `{"id":"m1"}`)
	if status, text := r.Get("/portal/admin/merchants/m1"); status != http.StatusOK || strings.Contains(text, "<script>alert") || !strings.Contains(text, `value="u1"`) {
		t.Errorf("got %d", status)
	}
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

func TestOnlyAdminsOpenThesePages(t *testing.T) {
	t.Parallel()
	r := webtest.NewRoom(t, eupay.RoleMerchant, admin.Register)
	for _, path := range []string{"/portal/admin", "/portal/admin/operations", "/portal/admin/merchants/m1"} {
		if status, _ := r.Get(path); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
}
