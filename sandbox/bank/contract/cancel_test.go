package contract

import "strings"

func (p *provider) cancellation() object {
	return object{"cancel": true, "client_redirect_uri": p.redirect, "client_state": "cancelled"}
}

// cancelled wants the answer of a cancellation that is done. The code is told in two spellings, and may be the client's own.
func (p *provider) cancelled(what string, a answer) {
	p.Helper()
	p.hold(what, a, object{"state": "rejected", "state_detail": nil, "action": nil, "validate_uri": nil})
	if code := a.string("error_code"); !strings.EqualFold(code, "cancelledByUser") && code != "CancelledByClient" {
		p.Errorf("%s: %s", what, a.text)
	}
}

// cancelCreated: no bank knows the payment yet, so it is over at once, and stays so.
func cancelCreated(p *provider) {
	for what, changes := range map[string]change{
		"classic": {"execution_date_type": "first_open_day"}, "preset bank": {"/connector_uuid": testConnector, "execution_date_type": "first_open_day"},
	} {
		id := p.create(changes).id()
		p.cancelled(what, p.call("POST", "/payments/"+id, p.cancellation()))
		p.cancelled(what+", read", p.payment(id))
		p.refuse(what+", again", p.call("POST", "/payments/"+id, p.cancellation()), 409, "conflict")
	}
}

func wrongCancellations(p *provider) {
	id := p.create(change{"execution_date_type": "first_open_day"}).id()
	for what, c := range map[string]struct {
		body object
		code string
	}{
		"no redirect":      {object{"cancel": true}, "missingParameter"},
		"cancel: false":    {object{"cancel": false, "client_redirect_uri": p.redirect}, "invalidValue"},
		"with a query":     {object{"cancel": true, "client_redirect_uri": p.redirect + "?a=1"}, "invalidValue"},
		"not registered":   {object{"cancel": true, "client_redirect_uri": "https://evil.example/"}, "invalidValue"},
		"no address":       {object{"cancel": true, "client_redirect_uri": "x"}, "invalidValue"},
		"another type":     {object{"cancel": 1, "client_redirect_uri": p.redirect}, "invalidValue"},
		"cancel: null":     {object{"cancel": nil, "client_redirect_uri": p.redirect}, "missingParameter"},
		"nothing to do":    {object{"client_redirect_uri": p.redirect}, "missingParameter"},
		"a misspelt wish":  {object{"cancell": true, "client_redirect_uri": p.redirect}, "missingParameter"},
		"cancel, in words": {object{"cancel": "true", "client_redirect_uri": p.redirect}, "invalidValue"},
	} {
		p.refuse(what, p.call("POST", "/payments/"+id, c.body), 400, c.code)
	}
	p.hold("none of that cancelled it", p.payment(id), object{"state": "created"})
	p.refuse("of no payment", p.call("POST", "/payments/1", p.cancellation()), 404, "notFound")
}

// operations that do not fit the state of a payment are refused, and change nothing.
func operations(p *provider) {
	id := p.create().id()
	for what, body := range map[string]object{
		"confirm": {"confirm": true}, "confirm no": {"confirm": false}, "resume": {"resume": true}, "psu_validate": {"psu_validate": true},
		"fields": {"fields": object{"openapisms": "1234"}},
	} {
		p.refuse(what+" of a created payment", p.call("POST", "/payments/"+id, body), 409, "conflict")
	}
	p.hold("still created", p.payment(id), object{"state": "created"})
}

// pending takes a classic payment to a bank where it waits.
func (p *provider) pending(slug string, changes ...change) string {
	p.Helper()
	id := p.create(append([]change{{"label": "pdng/done - X", "execution_date_type": "first_open_day"}}, changes...)...).id()
	p.authorise(id, slug)
	p.hold("pending at "+slug, p.payment(id), object{"state": "pending", "instructions.0.state": "pending"})
	return id
}

// cancelPending: at once, with the payer, or not at all.
func cancelPending(p *provider) {
	id := p.pending("nowhere")
	p.cancelled("at once", p.call("POST", "/payments/"+id, p.cancellation()))
	id = p.pending("ask-twice")
	for range 2 { // asked again, it is the same
		a := p.call("POST", "/payments/"+id, p.cancellation())
		p.hold("with the payer", a, object{"state": "pending", "action": "redirect", "error_code": nil})
		if !strings.HasPrefix(a.string("state_detail"), "cancelling") || !strings.HasPrefix(a.string("validate_uri"), p.baseURL) {
			p.Errorf("with the payer: %s", a.text)
		}
	}
	id = p.pending("no-way-back")
	p.refuse("not at all", p.call("POST", "/payments/"+id, p.cancellation()), 400, "notSupported")
	p.hold("not at all", p.payment(id), object{"state": "pending", "state_detail": nil})
	scoped := p.scoped(id).string("token")
	p.refuse("by the payer's token", p.as(scoped, "POST", "/payments/"+id, p.cancellation()), 403, "forbidden")
}

// cancellationAnswered: yes ends the payment, no leaves it as it was, leaving keeps the question open.
func cancellationAnswered(p *provider) {
	for answer, want := range map[string]string{"authorise": "rejected", "refuse": "pending"} {
		id := p.pending("ask-twice")
		asked := p.call("POST", "/payments/"+id, p.cancellation())
		back := p.decide(asked.string("validate_uri"), answer)
		if back.Get("state") != "cancelled" || back.Get("id_payment") != id || back.Get("payment_state") != want {
			p.Errorf("%s: back with %v", answer, back)
		}
		p.hold(answer, p.payment(id), object{"state": want, "state_detail": nil, "action": nil, "validate_uri": nil})
	}
	id := p.pending("ask-twice")
	p.call("POST", "/payments/"+id, p.cancellation())
	at := p.webview(id)
	left := p.press(at, p.browse(at, nil), "cancel", "1")
	if !strings.Contains(left.where, "error=cancelled") {
		p.Errorf("who leaves is sent to %q", left.where)
	}
	a := p.payment(id)
	if a.string("state") != "pending" || !strings.HasPrefix(a.string("state_detail"), "cancelling") {
		p.Errorf("the question is no longer open: %s", a.text)
	}
}

// cancelInstant: once at the bank, no part of a payment may be instant.
func cancelInstant(p *provider) {
	id := p.pending("nowhere", change{"execution_date_type": "instant"})
	p.refuse("instant", p.call("POST", "/payments/"+id, p.cancellation()), 400, "notSupported")
	created := p.create().id()
	p.cancelled("instant, but not at the bank yet", p.call("POST", "/payments/"+created, p.cancellation()))
}

func cancelWrongState(p *provider) {
	id := p.create().id()
	atBank := p.choose(id, "nowhere")
	p.refuse("validating", p.call("POST", "/payments/"+id, p.cancellation()), 409, "conflict")
	p.decide(atBank, "authorise")
	p.refuse("done", p.call("POST", "/payments/"+id, p.cancellation()), 409, "conflict")
	p.hold("done, after it", p.payment(id), object{"state": "done", "error_code": nil})
}
