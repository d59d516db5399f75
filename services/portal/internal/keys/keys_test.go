package keys_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/keys"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const list = `{"data":[{"id":"k1","api_key":"pk_test_abc","name":"<script>alert(1)</script>","scopes":["payments:read"],"allowed_ips":["203.0.113.7"],"per_minute":100,
	"created_at":"2026-06-01T00:00:00Z","last_used_at":"2026-06-17T11:00:00Z","last_used_ip":"198.51.100.9"},
	{"id":"k2","api_key":"pk_test_old","name":"Old","scopes":[],"allowed_ips":[],"per_minute":100,"created_at":"2026-05-01T00:00:00Z","revoked_at":"2026-06-02T00:00:00Z"}],
	"pagination":{"page":1,"limit":100,"total":2,"pages":1}}`

func room(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleMerchant, keys.Register)
	r.Answer("GET /merchant/api-keys", http.StatusOK, list)
	return r
}

func TestTheListSaysFromWhereAKeyWasUsed(t *testing.T) {
	t.Parallel()
	r := room(t)
	_, text := r.Get("/portal/keys")
	for _, want := range []string{"from 198.51.100.9", "&lt;script&gt;alert(1)", "1 revoked or expired key"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "<script>alert") {
		t.Error("a stored script runs")
	}
	if status, _ := r.Get("/portal/keys/another"); status != http.StatusNotFound {
		t.Errorf("another tenant's key: %d", status)
	}
	r.Answer("GET /merchant/api-keys", http.StatusTooManyRequests, `{"code":"RATE_LIMIT_EXCEEDED","message":"Slow down."}`)
	if status, text := r.Get("/portal/keys"); status != http.StatusTooManyRequests || !strings.Contains(text, "Try again") {
		t.Errorf("too many requests: %d", status)
	}
}

func TestASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("POST /merchant/api-keys", http.StatusCreated, `{"id":"k3","api_key":"pk_test_new","name":"Shop","api_secret":"sk_test_secret"}`)
	status, text, _ := r.Post("/portal/keys/new", "name", "Shop", "mode", "test", "scopes", "payments:read", "allowed_ips", "203.0.113.7, 198.51.100.0/24", "per_minute", "50", "expires", "30")
	if status != http.StatusOK || !strings.Contains(text, "sk_test_secret") {
		t.Errorf("got %d", status)
	}
	asked := r.Asked("POST /merchant/api-keys")
	for _, want := range []string{`"allowed_ips":["203.0.113.7","198.51.100.0/24"]`, `"per_minute":50`, `"scopes":["payments:read"]`, `"expires_at":"2026-12-30T12:00:00Z"`} {
		if !strings.Contains(asked, want) {
			t.Errorf("no %s in %s", want, asked)
		}
	}
}

// To the API no scope at all means every one.
func TestAFormWithoutARightMakesNoKey(t *testing.T) {
	t.Parallel()
	r := room(t)
	status, text, _ := r.Post("/portal/keys/new", "name", "Shop & co", "mode", "test", "per_minute", "100")
	if status != http.StatusUnprocessableEntity || !strings.Contains(text, "Choose at least one right") || !strings.Contains(text, "Shop &amp; co") || r.Asked("POST /merchant/api-keys") != "" {
		t.Errorf("got %d", status)
	}
	if status, _, _ := r.Post("/portal/keys/k1", "name", "Shop", "per_minute", "100"); status != http.StatusUnprocessableEntity || r.Asked("PATCH /merchant/api-keys/k1") != "" {
		t.Errorf("a change: %d", status)
	}
}

func TestAKeyIsRevokedByItsName(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("DELETE /merchant/api-keys/k1", http.StatusNoContent, "")
	if status, _, _ := r.Post("/portal/keys/k1/revoke", "confirm", "yes"); status != http.StatusUnprocessableEntity || r.Asked("DELETE /merchant/api-keys/k1") != "" {
		t.Errorf("without its name: %d", status)
	}
	if status, _, to := r.Post("/portal/keys/k1/revoke", "confirm", "<script>alert(1)</script>"); status != http.StatusSeeOther || to != "/portal/keys?notice=key_revoked" {
		t.Errorf("got %d %s", status, to)
	}
}

func TestTheFileHoldsCredentialsAndNothingElse(t *testing.T) {
	t.Parallel()
	r := room(t)
	if status, text, _ := r.Post("/portal/keys/env", "api_key", "pk_test_a", "api_secret", "sk_test_b"); status != http.StatusOK ||
		text != "EUPAY_URL="+r.URL()+"\nEUPAY_API_KEY=pk_test_a\nEUPAY_API_SECRET=sk_test_b\n" {
		t.Errorf("got %d %q", status, text)
	}
	if status, _, _ := r.Post("/portal/keys/env", "api_key", "pk_test_a\nPATH=x", "api_secret", "sk_test_b"); status != http.StatusNotFound {
		t.Errorf("another line: %d", status)
	}
}

func TestOthersSeeNoKeys(t *testing.T) {
	t.Parallel()
	for _, role := range []eupay.Role{eupay.RoleStaff, eupay.RoleAccountant, eupay.RoleAdmin} {
		r := webtest.NewRoom(t, role, keys.Register)
		if status, _ := r.Get("/portal/keys"); status != http.StatusForbidden {
			t.Errorf("%s: %d", role, status)
		}
	}
}
