package contract

import "net/http"

// limited: 429, with Retry-After in seconds where it is known, and the call has done nothing.
func limited(p *provider) {
	before := len(p.ids(""))
	p.control(200, "PUT", "/faults", object{"faults": []object{{"kind": "rate-limit", "operation": "create", "retry_after": 7, "times": 1}, {"kind": "rate-limit", "operation": "create", "times": 2}}})
	for _, after := range []string{"7", ""} {
		a := p.call("POST", "/payments", p.order())
		p.refuse("too many calls", a, http.StatusTooManyRequests, "tooManyRequests")
		if got := a.header.Get("Retry-After"); got != after {
			p.Errorf("Retry-After is %q, want %q", got, after)
		}
	}
	p.create()
	if after := len(p.ids("")); after != before+1 {
		p.Errorf("%d payments before, %d after two refused calls and one that was not", before, after)
	}
}

// takenBack: a token may end before its time. The call has done nothing, and a new token helps.
func takenBack(p *provider) {
	id := p.create().id()
	p.control(200, "POST", "/faults", object{"kind": "unauthorized", "times": 1})
	a := p.call("GET", "/payments/"+id, nil)
	p.refuse("taken back", a, http.StatusUnauthorized, "unauthorized")
	if _, has := a.body["message"]; has {
		p.Errorf("a 401 has no message: %s", a.text)
	}
	p.admin = p.tokenFor("payments:admin")
	p.hold("with a new token", p.call("GET", "/payments/"+id, nil), object{"id": id})
}

// outage: 500 and 503 in the envelope, for every operation, and nothing was done.
func outage(p *provider) {
	id := p.create(change{"execution_date_type": "first_open_day"}).id()
	for status, code := range map[int]string{500: "dataError", 503: "websiteUnavailable", 502: "bug"} {
		p.control(200, "PUT", "/faults", object{"faults": []object{{"kind": "error", "status": status}}})
		for what, a := range map[string]answer{
			"create": p.call("POST", "/payments", p.order()), "get": p.call("GET", "/payments/"+id, nil), "list": p.call("GET", "/payments", nil),
			"cancel": p.call("POST", "/payments/"+id, p.cancellation()), "scopedtoken": p.scoped(id), "connectors": p.as("", "GET", "/connectors", nil),
			"token": p.as("", "POST", "/auth/token", p.credentials("payments:admin")),
		} {
			p.refuse(what, a, status, code)
		}
		p.control(200, "DELETE", "/faults", nil)
	}
	p.hold("nothing was done", p.payment(id), object{"state": "created"})
	if ids := p.ids(""); len(ids) != 1 {
		p.Errorf("%d payments", len(ids))
	}
}
