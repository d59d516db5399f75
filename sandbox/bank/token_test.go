package bank

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, c := range map[string]struct {
		change change
		status int
		code   any
		scope  any
	}{
		"scope as text":      {nil, 200, nil, "payments:admin"},
		"scope as array":     {change{"scope": []string{"payments:validate", "payments:cancel"}}, 200, nil, "payments:validate payments:cancel"},
		"client id a number": {change{"client_id": 42}, 200, nil, "payments:admin"},
		"wrong secret":       {change{"client_secret": "x"}, 401, "unauthorized", nil},
		"wrong client":       {change{"client_id": "43"}, 401, "unauthorized", nil},
		"no secret":          {change{"client_secret": ""}, 400, "missingParameter", nil},
		"no scope":           {change{"scope": []string{}}, 400, "missingParameter", nil},
		"unknown scope":      {change{"scope": "payments:all"}, 400, "invalidValue", nil},
		"other grant":        {change{"grant_type": "password"}, 400, "invalidValue", nil},
		"no grant":           {change{"grant_type": ""}, 400, "missingParameter", nil},
	} {
		body := merge(change{"grant_type": "client_credentials", "client_id": "42", "client_secret": testSecret, "scope": "payments:admin"}, c.change)
		a := r.callAs("", "POST", "/2.0/auth/token", body)
		if a.status != c.status || a.path("code") != c.code || a.path("scope") != c.scope {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
		if _, ok := a.body["expires_in"]; ok {
			t.Errorf("%s: expires_in is not documented", name)
		}
	}
}

func TestTokenRequestAsForm(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	res, err := http.PostForm(r.url+"/2.0/auth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"42"},
		"client_secret": {testSecret}, "scope": {"payments:admin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !strings.Contains(string(text), `"token"`) {
		t.Errorf("%d %s %v", res.StatusCode, text, err)
	}
}

func TestTokenLivesHalfAnHour(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.create()
	r.clock.Add(30*time.Minute - time.Second)
	r.want(r.get(a.id()), map[string]any{"state": "created"})
	r.clock.Add(time.Second)
	got := r.get(a.id())
	if got.status != 401 || got.path("code") != "unauthorized" || got.path("request_id") == nil {
		t.Errorf("%d %s", got.status, got.text)
	}
	if _, ok := got.body["message"]; ok {
		t.Error("the observed 401 has no message")
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	one, other := fmt.Sprintf("/2.0/payments/%d", id), fmt.Sprintf("/2.0/payments/%d", r.create().id())
	scoped := func(scope any) string {
		return r.call("POST", one+"/scopedtoken", change{"scope": scope}).path("token").(string)
	}
	cancel := change{"cancel": true, "client_redirect_uri": "https://shop.example/r"}
	links := r.tokenFor("payment-links:admin")
	for _, c := range []struct {
		name, token, method, path string
		body                      any
		status                    int
	}{
		{"no token", "", "GET", one, nil, 401},
		{"garbage", "x", "GET", one, nil, 401},
		{"a changed token", r.token[:len(r.token)-2] + "xx", "GET", one, nil, 401},
		{"a session is no token", r.b.session(pageAuthorise, fmt.Sprint(id)), "GET", one, nil, 401},
		{"read-only reads", r.tokenFor("payments:read-only"), "GET", one, nil, 200},
		{"read-only lists", r.tokenFor("payments:read-only"), "GET", "/2.0/payments", nil, 200},
		{"read-only creates", r.tokenFor("payments:read-only"), "POST", "/2.0/payments", orderBody(), 403},
		{"read-only cancels", r.tokenFor("payments:read-only"), "POST", one, cancel, 403},
		{"validate creates", r.tokenFor("payments:validate"), "POST", "/2.0/payments", orderBody(), 403},
		{"validate cancels", r.tokenFor("payments:validate"), "POST", one, cancel, 403},
		{"links read payments", links, "GET", one, nil, 403},
		{"the old name of admin", r.tokenFor("payments"), "POST", "/2.0/payments", orderBody(), 200},
		{"read-only wants a token", r.tokenFor("payments:read-only"), "POST", one + "/scopedtoken", change{"scope": "payments:validate"}, 403},
		{"scoped reads its payment", scoped("payments:validate"), "GET", one, nil, 200},
		{"scoped reads another", scoped("payments:validate"), "GET", other, nil, 404},
		{"scoped creates", scoped("payments:validate"), "POST", "/2.0/payments", orderBody(), 403},
		{"scoped wants a token", scoped([]string{"payments:validate"}), "POST", one + "/scopedtoken", change{"scope": "payments:validate"}, 403},
		{"admin for one payment", r.token, "POST", one + "/scopedtoken", change{"scope": "payments:admin"}, 400},
		{"no scope", r.token, "POST", one + "/scopedtoken", change{}, 400},
		{"unknown payment", r.token, "GET", "/2.0/payments/1", nil, 404},
		{"no number", r.token, "GET", "/2.0/payments/x", nil, 404},
		{"unknown route", r.token, "GET", "/2.0/refunds", nil, 404},
		{"wrong method", r.token, "DELETE", one, nil, 405},
		{"cancel scope cancels", r.tokenFor("payments:cancel"), "POST", one, cancel, 200},
	} {
		a := r.callAs(c.token, c.method, c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s: %d %s", c.name, a.status, a.text)
		}
		if a.status != 200 && (a.path("code") == nil || a.path("description") == nil || a.path("request_id") == nil) {
			t.Errorf("%s: no error envelope: %s", c.name, a.text)
		}
	}
}

func TestScopedTokenAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	for _, scope := range []any{"payments:validate", []string{"payments:validate"}} {
		r.want(r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", id), change{"scope": scope}),
			map[string]any{"scope": "payments:validate", "expires_in": 604800, "id_payment": id})
	}
}

func TestScopedTokenSeesOnlyItsPaymentInTheList(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create()
	id := r.create().id()
	token := r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", id), change{"scope": "payments:validate"}).path("token").(string)
	r.want(r.callAs(token, "GET", "/2.0/payments", nil), map[string]any{"total": 1, "payments.0.id": id})
}

func TestTokensOutliveARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	again, err := New(r.b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := again.verify(r.token); !ok {
		t.Error("a token of before the restart is refused")
	}
	cfg := r.b.cfg
	cfg.ClientSecret = "other"
	other, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := other.verify(r.token); ok {
		t.Error("a token of another client is taken")
	}
}
