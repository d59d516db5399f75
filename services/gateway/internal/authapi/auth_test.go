package authapi_test

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
	registered := f.Must(t, as{}, "POST", "/auth/register", strings.Replace(credentials, "}", `,"name":"Shop"}`, 1))
	if registered.Status != 201 {
		t.Errorf("registering answers %d", registered.Status)
	}
	login := f.Must(t, as{}, "POST", "/auth/login", credentials)
	refreshed := f.Must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+login.Str("refresh_token")+`"}`)
	customer := f.Must(t, as{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+password+`","name":"Jane"}`)
	for name, r := range map[string]reply{"register": registered, "login": login, "refresh": refreshed, "customer": customer} {
		if !slices.Equal(keysOf(r.JSON), want) || r.JSON["expires_in"] != 900.0 {
			t.Errorf("%s answers %s", name, r.Text)
		}
	}
	if login.Str("role") != "merchant" || login.Str("merchant_id") == "" || customer.JSON["merchant_id"] != nil || customer.Str("role") != "customer" {
		t.Errorf("merchant %s, customer %s", login.Text, customer.Text)
	}
	me := f.Must(t, as{Token: refreshed.Str("token")}, "GET", "/auth/me", "")
	if me.Str("email") != "owner@example.com" || me.Str("merchant_id") != login.Str("merchant_id") {
		t.Errorf("me is %s", me.Text)
	}
	f.Login(t, "/customer/auth/login", "jane@example.com")
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"jane@example.com","password":"`+password+`"}`)
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/customer/auth/login", credentials)
}

func TestRefreshReuseAndLogout(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	login := func() string {
		return f.Must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`).Str("refresh_token")
	}
	body := func(token string) string { return `{"refresh_token":"` + token + `"}` }
	first := login()
	second := f.Must(t, as{}, "POST", "/auth/refresh", body(first)).Str("refresh_token")
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(first))
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(second))
	third := login()
	for range 2 {
		if r := f.Must(t, as{}, "POST", "/auth/logout", body(third)); r.Status != 204 || r.Text != "" {
			t.Errorf("logout answers %d %s", r.Status, r.Text)
		}
	}
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", body(third))
}

func TestRefusedBodies(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	admin := f.Admin(t)
	key := f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`).Str("id")
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
	} {
		if r := f.Refused(t, errs.ValidationError, c.who, c.method, c.path, c.body); r.Fields() != c.fields {
			t.Errorf("%s %s %s refuses %q, want %q", c.method, c.path, c.body, r.Fields(), c.fields)
		}
	}
}

func TestRepeatedLoginsAreRefusedWithTheTimeToWait(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	for range 10 {
		f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"wrong"}`)
	}
	r := f.Refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	if r.JSON["retry_after"] != 300.0 || r.Header.Get("Retry-After") != "300" {
		t.Errorf("retry after %v, %s", r.JSON["retry_after"], r.Header.Get("Retry-After"))
	}
}

func TestEmailsAreUniqueAcrossRoles(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	for path, who := range map[string]as{"/auth/register": {}, "/customer/auth/register": {}, "/merchant/team": owner} {
		extra := map[string]string{"/auth/register": `,"name":"x"`, "/merchant/team": `,"role":"staff"`}[path]
		f.Refused(t, errs.AlreadyExists, who, "POST", path, fmt.Sprintf(`{"email":"OWNER@Example.com","password":%q%s}`, password, extra))
	}
}
