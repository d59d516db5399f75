package portal

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// What opens the portal opens nothing of the app, nor the reverse, also where the API does not tell them apart: a passkey.
func TestAPasskeyOpensItsOwnPartOnly(t *testing.T) {
	w := setup(t)
	ended := 0
	w.api.on("POST /auth/logout", func(rw http.ResponseWriter, _ *http.Request) { ended++; rw.WriteHeader(http.StatusNoContent) })
	for _, c := range []struct{ role, root, to string }{
		{"customer", "/app", "/app"}, {"merchant", "/app", ""}, {"customer", "/portal", ""}, {"staff", "/portal", "/portal"}, {"admin", "/portal", "/portal/admin"}, {"admin", "/app", ""},
	} {
		ended = 0
		w.api.on("POST /auth/login/passkey", func(rw http.ResponseWriter, _ *http.Request) {
			reply(rw, http.StatusOK, map[string]any{"token": c.role, "refresh_token": c.role + "-refresh", "expires_in": 900, "role": c.role})
		})
		a := w.send("POST", c.root+"/login/passkey", "", `credential={"id":"x"}`)
		cookie := a.header.Get("Set-Cookie")
		switch {
		case c.to == "" && (a.status != http.StatusUnprocessableEntity || cookie != "" || ended != 1 || !strings.Contains(a.body, "other part of EU Pay")):
			t.Errorf("%+v: %d, cookie %q, ended %d", c, a.status, cookie, ended)
		case c.to != "" && (a.header.Get("Location") != c.to || cookie == "" || ended != 0):
			t.Errorf("%+v: %d to %q, cookie %q", c, a.status, a.header.Get("Location"), cookie)
		}
	}
}

// A customer who has forgotten the password stays in the app.
func TestTheAppHasItsOwnPagesForForgottenPasswords(t *testing.T) {
	w := setup(t)
	for path, want := range map[string]string{
		"/app/login": `href="/app/forgot"`, "/app/forgot": `action="/app/forgot"`, "/app/reset-password": `action="/app/reset-password"`,
		"/portal/forgot": `action="/portal/forgot"`, "/portal/reset-password": `action="/portal/reset-password"`,
	} {
		a := w.send("GET", path, "", "")
		if a.status != http.StatusOK || !strings.Contains(a.body, want) || strings.HasPrefix(path, "/app") && strings.Contains(a.body, `"/portal`) {
			t.Errorf("%s: %d without %s, or it leads out of the app", path, a.status, want)
		}
	}
	w.api.on("POST /auth/reset", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	if a := w.send("POST", "/app/reset-password", "", "token=t&password=p"); !strings.HasPrefix(a.header.Get("Location"), "/app/login?") {
		t.Errorf("leads to %q", a.header.Get("Location"))
	}
}

// A customer's passkeys are in the app, and a proof that they need is asked for there.
func TestACustomerLooksAfterPasskeysInTheApp(t *testing.T) {
	w := setup(t)
	cookie := w.login("customer")
	w.api.on("POST /auth/passkeys/options", func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, http.StatusForbidden, "STEP_UP_REQUIRED") })
	a := w.send("POST", "/app/security/passkeys/new", cookie, "")
	if a.status != http.StatusOK || !strings.Contains(a.body, `action="/app/step-up"`) || !strings.Contains(a.body, `name="step_up_next" value="/app/security/passkeys/new"`) || strings.Contains(a.body, `"/portal`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.api.on("POST /auth/passkeys/options", func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, http.StatusOK, map[string]any{"publicKey": map[string]any{"challenge": "x"}})
	})
	if a := w.send("POST", "/app/security/passkeys/new", cookie, ""); a.status != http.StatusOK || !strings.Contains(a.body, `action="/app/security/passkeys"`) || !strings.Contains(a.body, `class="tabs-bar"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Somebody who has not verified the address got a refusal of the app instead of a way on: the API does nothing else before.
func TestWhoHasNotVerifiedTheAddressIsLedToThePageForIt(t *testing.T) {
	w := setup(t)
	for _, c := range []struct{ role, method, page, form, asks, to string }{
		{"customer", "GET", "/app/accounts", "", "GET /customer/accounts", "/app/verify-email"},
		{"customer", "POST", "/app/accounts/connect", "bank=x", "POST /customer/accounts/connect", "/app/verify-email"},
		{"merchant", "GET", "/portal/team", "", "GET /merchant/team", "/portal/verify-email"},
		{"merchant", "POST", "/portal/team", "email=a@example.com&name=A&role=staff&password=p", "POST /merchant/team", "/portal/verify-email"},
	} {
		w.api.on(c.asks, func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, http.StatusForbidden, "EMAIL_NOT_VERIFIED") })
		cookie := w.login(eupay.Role(c.role))
		if a := w.send(c.method, c.page, cookie, c.form); a.status != http.StatusSeeOther || a.header.Get("Location") != c.to {
			t.Errorf("%s %s: %d to %q", c.method, c.page, a.status, a.header.Get("Location"))
		}
		if a := w.send("GET", c.to, cookie, ""); a.status != http.StatusOK || !strings.Contains(a.body, `action="`+c.to+`"`) {
			t.Errorf("%s: %d", c.to, a.status)
		}
	}
}
