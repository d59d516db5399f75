package contract

import (
	"net/http"
	"net/url"
	"strings"
)

// scopedTokens are for one payment, for a week, and never for everything.
func scopedTokens(p *provider) {
	made := p.create()
	id, other := made.id(), p.create().id()
	for _, scope := range []any{"payments:validate", []string{"payments:validate"}} {
		a := p.call("POST", "/payments/"+id+"/scopedtoken", object{"scope": scope})
		p.hold("a token for one payment", a, object{"id_payment": id, "scope": "payments:validate"})
		p.assume(a.at("expires_in") == nil || a.string("expires_in") == "" && strings.Contains(a.text, `"expires_in":604800`), "it ends after %s", a.text)
	}
	token := p.scoped(id).string("token")
	p.hold("its own payment", p.as(token, "GET", "/payments/"+id, nil), object{"id": id})
	p.refuse("another payment", p.as(token, "GET", "/payments/"+other, nil), 404, "notFound")
	p.refuse("a new payment", p.as(token, "POST", "/payments", p.order()), 403, "forbidden")
	p.refuse("a token by a token", p.as(token, "POST", "/payments/"+id+"/scopedtoken", object{"scope": "payments:validate"}), 403, "forbidden")
	p.refuse("cancelling", p.as(token, "POST", "/payments/"+id, object{"cancel": true, "client_redirect_uri": p.redirect}), 403, "forbidden")
	for what, scope := range map[string]any{"everything": "payments:admin", "its old name": "payments", "links": "payment-links:admin", "nonsense": "x"} {
		p.refuse(what, p.call("POST", "/payments/"+id+"/scopedtoken", object{"scope": scope}), 400, "invalidValue")
	}
	p.refuse("no scope", p.call("POST", "/payments/"+id+"/scopedtoken", object{}), 400, "missingParameter")
	p.refuse("of no payment", p.call("POST", "/payments/1/scopedtoken", object{"scope": "payments:validate"}), 404, "notFound")
	if a := p.as(token, "GET", "/payments", nil); a.status == http.StatusOK {
		p.hold("a list by a scoped token", a, object{"payments.0.id": id, "payments.1": nil})
	}
}

// throughWebview: link, bank, yes, and back to the client with what the guide names.
func throughWebview(p *provider) {
	id := p.create().id()
	for _, language := range []string{"", "en/", "fr/", "de/", "nl/", "pt/", "it/", "es/"} {
		link := strings.Replace(p.webview(id), "/webview/payment", "/webview/"+language+"payment", 1)
		if on := p.browse(link, nil); on.status != http.StatusOK {
			p.Errorf("%q: %d", language, on.status)
		}
	}
	atBank := p.choose(id, "nowhere")
	p.hold("at the bank", p.payment(id), object{
		"state": "validating", "action": "redirect", "validate_uri": atBank, "validate_mechanism": "webauth", "error_code": nil, "instructions.0.state": nil,
	})
	if again := p.browse(p.webview(id), nil); again.where != atBank {
		p.Errorf("who comes back is sent to %q, want %q", again.where, atBank)
	}
	back := p.decide(atBank, "authorise")
	if back.Get("state") != "contract" || back.Get("id_payment") != id || back.Get("payment_state") != "done" || back.Has("error") || back.Has("error_code") {
		p.Errorf("back with %v", back)
	}
	p.hold("after it", p.payment(id), object{
		"state": "done", "action": nil, "validate_uri": nil, "error_code": nil, "payer.scheme_name": "iban", "instructions.0.state": "done",
	})
	if on := p.browse(atBank, nil); on.status != http.StatusSeeOther || !strings.HasPrefix(on.where, p.redirect) {
		p.Errorf("the bank's page after the decision: %d %q", on.status, on.where)
	}
}

func refusesAtBank(p *provider) {
	id := p.create().id()
	back := p.decide(p.choose(id, "nowhere"), "refuse")
	if back.Get("id_payment") != id || back.Get("error_code") != "CancelledByUser" || back.Get("payment_state") != "rejected" || back.Get("bank_message") == "" || back.Has("error") {
		p.Errorf("back with %v", back)
	}
	p.hold("refused", p.payment(id), object{"state": "rejected", "error_code": "CancelledByUser", "instructions.0.state": "rejected"})
}

func givesUp(p *provider) {
	id := p.create().id()
	at := p.webview(id)
	to := p.press(at, p.browse(at, nil), "cancel", "1")
	u, err := url.Parse(to.where)
	if err != nil || !strings.HasPrefix(to.where, p.redirect) {
		p.Fatalf("%d %q %v", to.status, to.where, err)
	}
	back := u.Query()
	if back.Get("error") != "cancelled" || back.Get("id_payment") != id || back.Get("state") != "contract" || back.Has("payment_state") {
		p.Errorf("back with %v", back)
	}
	p.hold("given up", p.payment(id), object{"state": "rejected", "error_code": "CancelledByUser"})
}

// wrongLinks: everything that the client puts into the link counts.
func wrongLinks(p *provider) {
	id, other := p.create().id(), p.create().id()
	token := p.scoped(id).string("token")
	for what, c := range map[string]struct {
		name, value string
		status      int
	}{
		"right":              {"state", "other", 200},
		"no state":           {"state", "", 200},
		"another client":     {"client_id", "1", 400},
		"no client":          {"client_id", "", 400},
		"no payment":         {"payment_id", "", 400},
		"a word":             {"payment_id", "x", 400},
		"another payment":    {"payment_id", other, 401},
		"no code":            {"code", "", 401},
		"a cut code":         {"code", token[:len(token)-4], 401},
		"a service token":    {"code", p.admin, 401},
		"no redirect":        {"redirect_uri", "", 200},
		"another redirect":   {"redirect_uri", "https://shop.example/other", 200},
		"not registered":     {"redirect_uri", "https://evil.example/", 400},
		"no address":         {"redirect_uri", "javascript:alert(1)", 400},
		"a code too narrow":  {"code", p.call("POST", "/payments/"+id+"/scopedtoken", object{"scope": "payments:read-only"}).string("token"), 401},
		"a code, by half":    {"code", strings.Split(token, ".")[1], 401},
		"a code of another":  {"code", p.scoped(other).string("token"), 401},
		"code and bad state": {"state", "a&b=c", 200},
	} {
		q := url.Values{"client_id": {p.clientID}, "redirect_uri": {p.redirect}, "state": {"contract"}, "payment_id": {id}, "code": {token}}
		if q.Set(c.name, c.value); c.value == "" {
			q.Del(c.name)
		}
		if on := p.browse(p.baseURL+"/2.0/auth/webview/payment?"+q.Encode(), nil); on.status != c.status {
			p.Errorf("%s: %d, want %d", what, on.status, c.status)
		}
	}
	if on := p.browse(strings.Replace(p.webview(id), "/webview/", "/webview/xx/", 1), nil); on.status != http.StatusNotFound {
		p.Errorf("an unknown language: %d", on.status)
	}
	atBank := p.choose(id, "nowhere")
	for what, address := range map[string]string{
		"no session": strings.Split(atBank, "?")[0], "another session": atBank + "0", "another's": strings.Replace(atBank, id, other, 1),
		"another bank": strings.Replace(atBank, "nowhere", "shrug", 1), "no bank": strings.Replace(atBank, "nowhere", "none", 1),
	} {
		if on := p.browse(address, nil); on.status < 400 {
			p.Errorf("%s: %d %q", what, on.status, on.where)
		}
	}
	p.hold("nothing was decided by that", p.payment(id), object{"state": "validating"})
}
