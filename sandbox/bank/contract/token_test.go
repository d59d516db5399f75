package contract

import (
	"net/http"
	"time"
)

// serviceTokens: a scope is a text or an array, a client id a text or a number, and the answer names the scope.
func serviceTokens(p *provider) {
	for what, body := range map[string]object{
		"scope as text":  p.credentials("payments:admin"),
		"scope as array": p.credentials([]string{"payments:admin"}),
		"the old name":   p.credentials("payments"),
		"two scopes":     p.credentials([]string{"payments:validate", "payments:cancel"}),
		"read only":      p.credentials("payments:read-only"),
		"payment links":  p.credentials("payment-links:admin"),
	} {
		a := p.as("", "POST", "/auth/token", body)
		if a.status != http.StatusOK || a.string("token") == "" || a.string("scope") == "" {
			p.Errorf("%s: %d %s", what, a.status, a.text)
		}
		_, ends := a.body["expires_in"]
		p.assume(!ends, "%s: a service token says when it ends: %s", what, a.text)
	}
	a := p.as("", "POST", "/auth/token", p.credentials([]string{"payments:validate", "payments:cancel"}))
	p.assume(a.string("scope") == "payments:validate payments:cancel", "two scopes are told as %s", a.text)
	first, second := p.tokenFor("payments:admin"), p.tokenFor("payments:admin")
	for _, token := range []string{first, second} {
		if a := p.as(token, "GET", "/payments?limit=1", nil); a.status != http.StatusOK {
			p.Errorf("an earlier token is as good as a later one: %d %s", a.status, a.text)
		}
	}
}

func wrongCredentials(p *provider) {
	for what, c := range map[string]struct {
		name   string
		value  any
		status int
		code   string
	}{
		"wrong secret":    {"client_secret", "wrong", 401, "unauthorized"},
		"wrong client":    {"client_id", "1", 401, "unauthorized"},
		"no secret":       {"client_secret", nil, 400, "missingParameter"},
		"no client":       {"client_id", nil, 400, "missingParameter"},
		"no grant":        {"grant_type", nil, 400, "missingParameter"},
		"password grant":  {"grant_type", "password", 400, "invalidValue"},
		"no scope":        {"scope", nil, 400, "missingParameter"},
		"empty scope":     {"scope", []string{}, 400, "missingParameter"},
		"unknown scope":   {"scope", "payments:all", 400, "invalidValue"},
		"one unknown":     {"scope", []string{"payments:admin", "x"}, 400, "invalidValue"},
		"scope, a number": {"scope", 1, 400, "invalidValue"},
	} {
		body := p.credentials("payments:admin")
		if body[c.name] = c.value; c.value == nil {
			delete(body, c.name)
		}
		p.refuse(what, p.as("", "POST", "/auth/token", body), c.status, c.code)
	}
	p.refuse("no JSON", p.as("", "POST", "/auth/token", "{"), 400, "invalidValue")
	p.refuse("GET", p.as("", "GET", "/auth/token", nil), 405, "methodNotAllowed")
}

// withoutToken holds the one error body that was seen at the real provider: a 401 has no message.
func withoutToken(p *provider) {
	id := p.create().id()
	for what, token := range map[string]string{"none": "", "garbage": "garbage", "a token cut short": p.admin[:len(p.admin)-3]} {
		for _, path := range []string{"/payments", "/payments/" + id} {
			a := p.as(token, "GET", path, nil)
			if a.status != http.StatusUnauthorized || a.string("code") != "unauthorized" || a.at("request_id") == nil {
				p.Errorf("%s: %s: %d %s", what, path, a.status, a.text)
			}
			_, has := a.body["message"]
			p.assume(!has, "%s: a 401 has a message: %s", what, a.text)
		}
		p.refuse(what, p.as(token, "POST", "/payments", p.order()), 401, "unauthorized")
	}
}

// scopes holds what each scope lets its holder do. That a new token helps after a 401 is what a client lives by.
func scopes(p *provider) {
	id := p.create().id()
	one := "/payments/" + id
	cancel := object{"cancel": true, "client_redirect_uri": p.redirect}
	for scope, may := range map[string]struct{ read, create, scoped, cancel int }{
		"payments:read-only":       {200, 403, 403, 403},
		"payments:allow-sensitive": {200, 403, 403, 403},
		"payments:validate":        {200, 403, 200, 403},
		"payment-links:admin":      {403, 403, 403, 403},
		"payments:admin":           {200, 200, 200, 200},
		"payments":                 {200, 200, 200, 200},
	} {
		token := p.tokenFor(scope)
		own := p.create().id()
		for what, c := range map[string]struct {
			want int
			got  answer
		}{
			"reads":   {may.read, p.as(token, "GET", one, nil)},
			"lists":   {may.read, p.as(token, "GET", "/payments?limit=1", nil)},
			"creates": {may.create, p.as(token, "POST", "/payments", p.order())},
			"scopes":  {may.scoped, p.as(token, "POST", one+"/scopedtoken", object{"scope": "payments:validate"})},
			"cancels": {may.cancel, p.as(token, "POST", "/payments/"+own, cancel)},
		} {
			if c.want == http.StatusOK && c.got.status != c.want {
				p.Errorf("%s %s: %d %s", scope, what, c.got.status, c.got.text)
			} else if c.want != http.StatusOK {
				p.refuse(scope+" "+what, c.got, c.want, "forbidden")
			}
		}
	}
	own := p.create().id()
	p.hold("payments:cancel cancels", p.as(p.tokenFor("payments:cancel"), "POST", "/payments/"+own, cancel), object{"state": "rejected"})
}

// tokenEnds: half an hour, to the second, and a new one helps.
func tokenEnds(p *provider) {
	id := p.create().id()
	old := p.admin
	p.pass(30*time.Minute - time.Second)
	if a := p.as(old, "GET", "/payments/"+id, nil); a.status != http.StatusOK {
		p.Errorf("a second before its end: %d %s", a.status, a.text)
	}
	p.pass(time.Second)
	p.refuse("at its end", p.as(old, "GET", "/payments/"+id, nil), 401, "unauthorized")
	p.refuse("at its end, for a payment", p.as(old, "POST", "/payments", p.order()), 401, "unauthorized")
	if a := p.payment(id); a.id() != id {
		p.Errorf("a new token does not help: %s", a.text)
	}
}

// scopedTokenEnds: seven days, and the payer's link with it.
func scopedTokenEnds(p *provider) {
	id := p.create().id()
	link, token := p.webview(id), p.scoped(id).string("token")
	p.pass(7*24*time.Hour - time.Second)
	if a := p.as(token, "GET", "/payments/"+id, nil); a.status != http.StatusOK {
		p.Errorf("a second before its end: %d %s", a.status, a.text)
	}
	if on := p.browse(link, nil); on.status != http.StatusOK {
		p.Errorf("the payer's link, a second before its end: %d", on.status)
	}
	p.pass(time.Second)
	p.refuse("at its end", p.as(token, "GET", "/payments/"+id, nil), 401, "unauthorized")
	if on := p.browse(link, nil); on.status != http.StatusUnauthorized {
		p.Errorf("the payer's link, at its end: %d %s", on.status, on.html)
	}
	p.hold("the payment outlives the link", p.payment(id), object{"state": "created"})
}
