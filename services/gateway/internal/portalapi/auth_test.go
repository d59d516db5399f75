package portalapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func keysOf(m map[string]any) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

func TestLoginAnswersExactlyTheSession(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := []string{"expires_in", "merchant_id", "refresh_token", "role", "token"}
	credentials := `{"email":"owner@example.com","password":"` + password + `"}`
	registered := f.must(t, as{}, "POST", "/auth/register", strings.Replace(credentials, "}", `,"name":"Shop"}`, 1))
	if registered.status != 201 {
		t.Errorf("registering answers %d", registered.status)
	}
	login := f.must(t, as{}, "POST", "/auth/login", credentials)
	refreshed := f.must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+login.str("refresh_token")+`"}`)
	customer := f.must(t, as{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+password+`","name":"Jane"}`)
	for name, r := range map[string]reply{"register": registered, "login": login, "refresh": refreshed, "customer": customer} {
		if !slices.Equal(keysOf(r.json), want) || r.json["expires_in"] != 900.0 {
			t.Errorf("%s answers %s", name, r.text)
		}
	}
	if login.str("role") != "merchant" || login.str("merchant_id") == "" || customer.json["merchant_id"] != nil || customer.str("role") != "customer" {
		t.Errorf("merchant %s, customer %s", login.text, customer.text)
	}
	me := f.must(t, as{token: refreshed.str("token")}, "GET", "/auth/me", "")
	if me.str("email") != "owner@example.com" || me.str("merchant_id") != login.str("merchant_id") {
		t.Errorf("me is %s", me.text)
	}
	f.login(t, "/customer/auth/login", "jane@example.com")
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"jane@example.com","password":"`+password+`"}`)
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/customer/auth/login", credentials)
}

func TestRefreshReuseAndLogout(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	login := func() string {
		return f.must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`).str("refresh_token")
	}
	body := func(token string) string { return `{"refresh_token":"` + token + `"}` }
	first := login()
	second := f.must(t, as{}, "POST", "/auth/refresh", body(first)).str("refresh_token")
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(first))
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(second))
	third := login()
	for range 2 {
		if r := f.must(t, as{}, "POST", "/auth/logout", body(third)); r.status != 204 || r.text != "" {
			t.Errorf("logout answers %d %s", r.status, r.text)
		}
	}
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(third))
}

func TestRefusedBodies(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	admin := f.admin(t)
	key := f.must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`).str("id")
	for _, c := range []struct {
		who                as
		method, path, body string
		fields             string
	}{
		{as{}, "POST", "/auth/register", `{}`, "email password name"},
		{as{}, "POST", "/auth/register", `{"email":"a@example.com","password":"` + password + `","name":"x","role":"admin"}`, "role"},
		{as{}, "POST", "/auth/register", `{"email":"a@example.com","password":"` + password + `","name":"x","siren":"123456789","iban":"FR1","bic":"x"}`, "siren iban bic"},
		{as{}, "POST", "/auth/register", `{"email":"a","password":"short","name":""}`, "email password name"},
		{as{}, "POST", "/auth/register", `{"email":"a\u0000@example.com","password":"` + password + `","name":"<b>\u0000"}`, "email name"},
		{as{}, "POST", "/auth/login", `{}`, "email password"},
		{as{}, "POST", "/auth/login", `{"email":1,"password":true}`, "email password"},
		{as{}, "POST", "/auth/refresh", `{}`, "refresh_token"},
		{as{}, "POST", "/auth/logout", `{"refresh_token":""}`, "refresh_token"},
		{as{}, "POST", "/customer/auth/register", `{"email":"x@example.com"}`, "password"},
		{as{}, "POST", "/customer/auth/login", `[]`, "body"},
		{owner, "PATCH", "/merchant", `{}`, "body"},
		{owner, "PATCH", "/merchant", `{"gateway_enabled":true}`, "gateway_enabled"},
		{owner, "PATCH", "/merchant", `{"iban":""}`, "iban"},
		{owner, "PATCH", "/merchant", `{"name":"\n\u202e","siren":"1"}`, "name siren"},
		{owner, "PATCH", "/merchant", `{"wait_for_settlement":"yes"}`, "wait_for_settlement"},
		{owner, "POST", "/merchant/team", `{"email":"b@example.com","password":"` + password + `","role":"admin"}`, "role"},
		{owner, "POST", "/merchant/team", `{"email":"b@example.com","password":"` + password + `","role":"staff","merchant_id":"x"}`, "merchant_id"},
		{owner, "POST", "/merchant/api-keys", `{}`, "name"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","scopes":[]}`, "scopes"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","scopes":["payments:read","root"]}`, "scopes[1]"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","allowed_ips":["192.0.2.1","10.0.0.1/8"]}`, "allowed_ips[1]"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","per_minute":0}`, "per_minute"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","per_minute":10001}`, "per_minute"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","per_minute":1.5}`, "per_minute"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","expires_at":"2020-01-01T00:00:00Z"}`, "expires_at"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","expires_at":"tomorrow"}`, "expires_at"},
		{owner, "POST", "/merchant/api-keys", `{"name":"x","public":"pk_live_mine"}`, "public"},
		{owner, "PATCH", "/merchant/api-keys/" + key, `{}`, "body"},
		{owner, "PATCH", "/merchant/api-keys/" + key, `{"livemode":true}`, "livemode"},
		{owner, "PATCH", "/merchant/api-keys/" + key, `{"name":"","scopes":[],"per_minute":-1}`, "name per_minute scopes"},
		{owner, "POST", "/merchant/api-keys/" + key + "/rotate", `{"overlap_seconds":604801}`, "overlap_seconds"},
		{owner, "POST", "/merchant/api-keys/" + key + "/rotate", `{"overlap_seconds":-1}`, "overlap_seconds"},
		{owner, "POST", "/merchant/api-keys/" + key + "/rotate", `{"overlap_seconds":9223372036854775807}`, "overlap_seconds"},
		{owner, "GET", "/merchant/api-keys?page=0&limit=101", "", "page limit"},
		{owner, "GET", "/merchant/team?page=x", "", "page"},
		{admin, "GET", "/admin/merchants?limit=-1", "", "limit"},
		{admin, "POST", "/admin/merchants/" + nobody + "/gateway", `{}`, "enabled"},
		{admin, "POST", "/admin/merchants/" + nobody + "/gateway", `{"enabled":"true"}`, "enabled"},
		{owner, "POST", "/webhook-endpoints", `{}`, "url"},
		{owner, "POST", "/webhook-endpoints", `{"url":"ftp://example.com"}`, "url"},
		{owner, "POST", "/webhook-endpoints", `{"url":"https://example.com","secret":"mine"}`, "secret"},
		{owner, "POST", "/webhook-endpoints?livemode=true", `{"url":"https://example.com","livemode":false}`, "livemode"},
		{owner, "PATCH", "/webhook-endpoints/x", `{"livemode":true}`, "body"},
		{owner, "POST", "/webhook-endpoints/x/rotate-secret", `{"overlap_seconds":604801}`, "overlap_seconds"},
		{owner, "GET", "/webhook-endpoints?livemode=yes", "", "livemode"},
		{owner, "GET", "/webhook-deliveries?status=a%00b&reference=%FF&event_type=" + strings.Repeat("x", 201), "", "reference status"},
		{owner, "GET", "/webhook-deliveries?event_type=" + strings.Repeat("x", 201), "", "event_type"},
	} {
		if r := f.refused(t, errs.ValidationError, c.who, c.method, c.path, c.body); r.fields() != c.fields {
			t.Errorf("%s %s %s refuses %q, want %q", c.method, c.path, c.body, r.fields(), c.fields)
		}
	}
}

func TestRepeatedLoginsAreRefusedWithTheTimeToWait(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	for range 10 {
		f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"wrong"}`)
	}
	r := f.refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	if r.json["retry_after"] != 300.0 || r.header.Get("Retry-After") != "300" {
		t.Errorf("retry after %v, %s", r.json["retry_after"], r.header.Get("Retry-After"))
	}
}

func TestEmailsAreUniqueAcrossRoles(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	for path, who := range map[string]as{"/auth/register": {}, "/customer/auth/register": {}, "/merchant/team": owner} {
		extra := map[string]string{"/auth/register": `,"name":"x"`, "/merchant/team": `,"role":"staff"`}[path]
		f.refused(t, errs.AlreadyExists, who, "POST", path, fmt.Sprintf(`{"email":"OWNER@Example.com","password":%q%s}`, password, extra))
	}
}
