package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
)

const payments = "/gateway/payments"

// works checks that the key is accepted.
func (c caller) works(t testing.TB) {
	t.Helper()
	if a := c.do(t, http.MethodGet, payments, ""); a.status != http.StatusOK {
		t.Errorf("the key does not work: %d %s", a.status, a.raw)
	}
}

func TestARevokedKeyIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.api.works(t)
	if a := m.portal.do(t, http.MethodDelete, "/merchant/api-keys/"+m.key.ID, ""); a.status != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", a.status, a.raw)
	}
	m.api.do(t, http.MethodGet, payments, "").refused(t, http.StatusUnauthorized, "INVALID_API_KEY")
	m.portal.do(t, http.MethodPost, "/merchant/api-keys/"+m.key.ID+"/rotate", "").refused(t, http.StatusConflict, "INVALID_STATE")
	m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "next"}))...).works(t)
}

func TestARotatedKeyKeepsItsOldSecretForTheOverlapOnly(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.api.works(t)
	rotate := func(body string) caller {
		k := must[apiKey](t, m.portal.do(t, http.MethodPost, "/merchant/api-keys/"+m.key.ID+"/rotate", body), http.StatusOK)
		if k.APIKey != m.key.APIKey || k.APISecret == "" {
			t.Fatalf("rotated: %+v", k)
		}
		return m.portalless().with(headers(k)...)
	}
	second := rotate(`{"overlap_seconds":3600}`)
	m.api.works(t)
	second.works(t)
	third := rotate("")
	third.works(t)
	for _, old := range []caller{m.api, second} {
		old.do(t, http.MethodGet, payments, "").refused(t, http.StatusUnauthorized, "INVALID_SECRET")
	}
}

func TestTheAddressListOfAKey(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.api.works(t)
	patch := func(list ...string) {
		if a := m.portal.do(t, http.MethodPatch, "/merchant/api-keys/"+m.key.ID, object{"allowed_ips": append([]string{}, list...)}.json()); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	patch("203.0.113.0/28", "2001:db8::1")
	m.api.from("203.0.113.9").works(t)
	m.api.from("2001:db8::1").works(t)
	for _, ip := range []string{m.api.ip, "203.0.113.16", "203.0.113.9, " + m.api.ip, "2001:db8::2"} { // the third claims more than its proxy saw
		m.api.from(ip).do(t, http.MethodGet, payments, "").refused(t, http.StatusForbidden, "IP_NOT_ALLOWED")
	}
	patch()
	m.api.works(t)
}

func TestAKeyDoesNoMoreThanItsScopes(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, nil)
	reader := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "reader", Scopes: []eupay.Scope{"payments:read", "webhooks:read"}}))...)
	reader.works(t)
	one := payments + "/" + p.Reference
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPost, payments, m.order(nil)},
		{http.MethodPost, payments, "not even JSON"},
		{http.MethodPost, one + "/refund", ""},
		{http.MethodPost, one + "/cancel", ""},
		{http.MethodPost, "/webhook-endpoints", `{"url":"https://example.com"}`},
		{http.MethodDelete, "/webhook-endpoints/" + m.endpoint, ""},
	} {
		reader.do(t, c.method, c.path, c.body).refused(t, http.StatusForbidden, "INSUFFICIENT_SCOPE")
	}
	writer := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "writer", Scopes: []eupay.Scope{"payments:write"}}))...)
	writer.do(t, http.MethodGet, one, "").refused(t, http.StatusForbidden, "INSUFFICIENT_SCOPE")
	writer.do(t, http.MethodPost, one+"/refund", "").refused(t, http.StatusForbidden, "INSUFFICIENT_SCOPE")
	if a := writer.do(t, http.MethodPost, payments, m.order(nil)); a.status != http.StatusCreated {
		t.Errorf("payments:write does not create: %d %s", a.status, a.raw)
	}
}

func TestTheRateLimitOfAKey(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	slow := m.portalless().with(headers(m.newKey(t, eupay.APIKeyParams{Name: "slow", PerMinute: 5}))...)
	for range 5 {
		slow.works(t)
	}
	a := slow.from("198.51.100.7").do(t, http.MethodPost, payments, "not even JSON") // the limit is the key's, not the address's
	if f := a.refused(t, http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED"); f.RetryAfter < 1 || f.RetryAfter > 60 {
		t.Errorf("retry_after is %d", f.RetryAfter)
	}
	m.api.works(t)
}

func TestTheAdminEnablesAndDisablesTheGateway(t *testing.T) {
	t.Parallel()
	m := shared.register(t)
	k := m.newKey(t, eupay.APIKeyParams{Name: "early"})
	api := m.portalless().with(headers(k)...)
	api.do(t, http.MethodGet, payments, "").refused(t, http.StatusForbidden, "API_ACCESS_DISABLED")
	m.enable(t, true)
	api.works(t)
	m.enable(t, false)
	api.do(t, http.MethodGet, payments, "").refused(t, http.StatusForbidden, "API_ACCESS_DISABLED")
}

func TestCredentialsThatAreMissingOrWrong(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	nobody := m.portalless()
	for _, c := range []struct {
		headers []string
		status  int
		code    string
	}{
		{nil, 400, "MISSING_CREDENTIALS"},
		{[]string{"X-Api-Key", m.key.APIKey}, 400, "MISSING_CREDENTIALS"},
		{[]string{"X-Api-Secret", string(m.key.APISecret)}, 400, "MISSING_CREDENTIALS"},
		{[]string{"X-Api-Key", "pk_test_doesnotexist", "X-Api-Secret", string(m.key.APISecret)}, 401, "INVALID_API_KEY"},
		{[]string{"X-Api-Key", m.key.APIKey + "'--", "X-Api-Secret", string(m.key.APISecret)}, 401, "INVALID_API_KEY"},
		{[]string{"X-Api-Key", m.key.APIKey, "X-Api-Secret", string(m.key.APISecret) + "x"}, 401, "INVALID_SECRET"},
		{[]string{"X-Api-Key", m.key.APIKey, "X-Api-Secret", m.key.APIKey}, 401, "INVALID_SECRET"},
	} {
		nobody.with(c.headers...).do(t, http.MethodPost, payments, "not even JSON").refused(t, c.status, c.code)
	}
}

func TestRolesOfThePortal(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	as := map[string]caller{"merchant": m.portal}
	for _, role := range []string{"staff", "accountant"} {
		email := uuid.NewString() + "@example.com"
		if a := m.portal.do(t, http.MethodPost, "/merchant/team", object{"email": email, "password": password, "role": role}.json()); a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		s := must[session](t, m.portalless().do(t, http.MethodPost, "/auth/login", object{"email": email, "password": password}.json()), http.StatusOK)
		if s.MerchantID != m.ID || string(s.Role) != role {
			t.Errorf("%s logs in as %+v", role, s)
		}
		as[role] = m.portalless().with("Authorization", "Bearer "+string(s.Token))
	}
	for _, c := range []struct {
		role, method, path, body string
		status                   int
	}{
		{"staff", http.MethodGet, "/merchant", "", 200},
		{"staff", http.MethodPatch, "/merchant", `{"name":"Mine"}`, 403},
		{"staff", http.MethodGet, "/merchant/api-keys", "", 403},
		{"staff", http.MethodPost, "/webhook-endpoints", `{"url":"https://example.com"}`, 403},
		{"staff", http.MethodPost, "/merchant/team", `{}`, 403},
		{"accountant", http.MethodGet, "/merchant/api-keys", "", 200},
		{"accountant", http.MethodPost, "/merchant/api-keys", `{"name":"x"}`, 403},
		{"accountant", http.MethodDelete, "/merchant/api-keys/" + m.key.ID, "", 403},
		{"accountant", http.MethodGet, "/webhook-deliveries", "", 200},
		{"merchant", http.MethodGet, "/admin/merchants", "", 403},
		{"merchant", http.MethodPost, "/admin/merchants/" + m.ID + "/gateway", `{"enabled":true}`, 403},
	} {
		a := as[c.role].do(t, c.method, c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s, %s %s: %d %s, want %d", c.role, c.method, c.path, a.status, a.raw, c.status)
		}
		if c.status == http.StatusForbidden {
			a.refused(t, http.StatusForbidden, "FORBIDDEN")
		}
	}
}

func TestLoginTokens(t *testing.T) {
	t.Parallel()
	m := shared.register(t)
	login := func(email, word string) answer {
		return m.portalless().do(t, http.MethodPost, "/auth/login", object{"email": email, "password": word}.json())
	}
	wrong, unknown := login(m.Email, "wrong "+password), login("nobody@example.com", password)
	wrong.refused(t, http.StatusUnauthorized, "INVALID_LOGIN")
	if wrong.said() != unknown.said() || unknown.status != wrong.status {
		t.Errorf("a wrong password and an unknown address differ: %s %s", wrong.raw, unknown.raw)
	}
	s := must[session](t, login(m.Email, password), http.StatusOK)
	customer := must[session](t, m.portalless().do(t, http.MethodPost, "/customer/auth/register",
		object{"email": uuid.NewString() + "@example.com", "password": password}.json()), http.StatusCreated)
	parts := strings.Split(string(s.Token), ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	for name, value := range map[string]string{
		"none": "", "no scheme": string(s.Token), "unsigned": "Bearer " + unsigned, "customer": "Bearer " + string(customer.Token),
		"another's signature": "Bearer " + parts[0] + "." + parts[1] + "." + strings.Split(string(customer.Token), ".")[2],
		"refresh token":       "Bearer " + string(s.RefreshToken),
	} {
		if a := m.portalless().with("Authorization", value).do(t, http.MethodGet, "/merchant", ""); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	refresh := func(token eupay.Secret) answer {
		return m.portalless().do(t, http.MethodPost, "/auth/refresh", object{"refresh_token": token}.json())
	}
	next := must[session](t, refresh(s.RefreshToken), http.StatusOK)
	if a := m.portalless().do(t, http.MethodPost, "/auth/logout", object{"refresh_token": next.RefreshToken}.json()); a.status != http.StatusNoContent {
		t.Errorf("logout: %d %s", a.status, a.raw)
	}
	refresh(next.RefreshToken).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
}
