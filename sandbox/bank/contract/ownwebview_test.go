package contract

import (
	"time"

	"european-pay.eu/eupay/sandbox/bank"
)

// validate starts a payment from a client's own webview in one of the use cases of the test connector.
func (p *provider) validate(useCase string) answer {
	p.Helper()
	id := p.create().id()
	a := p.call("POST", "/payments/"+id, object{
		"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": testConnector, "fields": object{"use_case_pay": useCase},
	})
	p.hold(useCase, a, object{"id": id, "state": "validating", "connector_uuid": testConnector})
	return a
}

func (p *provider) operate(id string, body object) answer {
	p.Helper()
	return p.call("POST", "/payments/"+id, body)
}

// ownWebview walks the use cases: what the client's webview is told to do, and what becomes of the payment.
func ownWebview(p *provider) {
	for _, useCase := range []string{"legacy", "redirect", "redirect_no_confirmation"} {
		a := p.validate(useCase)
		p.hold(useCase, a, object{"action": "redirect"})
		if back := p.decide(a.string("validate_uri"), "authorise"); back.Get("payment_state") != "done" {
			p.Errorf("%s: back with %v", useCase, back)
		}
		p.hold(useCase, p.payment(a.id()), object{"state": "done", "action": nil})
	}
	for useCase, c := range map[string]struct {
		wait time.Duration
		end  string
	}{"decoupled": {10 * time.Second, "done"}, "decoupled_cancelled": {10 * time.Second, "rejected:CancelledByUser"}, "decoupled_expired": {20 * time.Second, "rejected:authenticationFailed"}} {
		a := p.validate(useCase)
		if p.hold(useCase, a, object{"action": "decoupled", "validate_uri": nil}); a.string("error_description") == "" {
			p.Errorf("%s: the payer is told nothing: %s", useCase, a.text)
		}
		p.pass(c.wait - time.Second)
		p.hold(useCase+", asked too early", p.operate(a.id(), object{"resume": true}), object{"state": "validating", "action": "decoupled"})
		p.pass(time.Second)
		if got := p.state(a.id()); got != c.end {
			p.Errorf("%s: %s, want %s", useCase, got, c.end)
		}
	}
}

// ownFields: a code by SMS, a code and then the app, and the choice of an account.
func ownFields(p *provider) {
	for _, c := range []struct{ useCase, field, kind, value, end string }{
		{"otp_sms", "openapisms", "text", "1234", "done"},
		{"otp_sms", "openapisms", "text", "4321", "rejected:authenticationFailed"},
		{"otp_plus_decoupled", "openapisms", "text", "1234", "validating"},
		{"otp_plus_decoupled", "openapisms", "text", "1", "rejected:authenticationFailed"},
		{"account_choice", "account_id", "list", "main", "done"},
		{"account_choice", "account_id", "list", "snd", "rejected:invalidEmitter"},
	} {
		a := p.validate(c.useCase)
		p.hold(c.useCase, a, object{"action": "additionalInformationNeeded", "fields.0.name": c.field, "fields.0.type": c.kind, "fields.0.required": true})
		p.refuse(c.useCase+" with another field", p.operate(a.id(), object{"fields": object{"other": c.value}}), 400, "missingParameter")
		p.operate(a.id(), object{"fields": object{c.field: c.value}})
		if got := p.state(a.id()); got != c.end {
			p.Errorf("%s with %s: %s, want %s", c.useCase, c.value, got, c.end)
		}
	}
	a := p.validate("otp_plus_decoupled")
	p.hold("the app after the code", p.operate(a.id(), object{"fields": object{"openapisms": "1234"}}), object{"action": "decoupled"})
	p.pass(10 * time.Second)
	if got := p.state(a.id()); got != "done" {
		p.Errorf("the app after the code: %s", got)
	}
	for answer, end := range map[bool]string{true: "done", false: "rejected:CancelledByUser"} {
		a := p.validate("psu_validation")
		p.hold("a summary", a, object{"action": "psuValidation"})
		p.operate(a.id(), object{"psu_validate": answer})
		if got := p.state(a.id()); got != end {
			p.Errorf("a summary, answered %v: %s", answer, got)
		}
	}
}

// wrongValidations are refused and leave the payment as it is.
func wrongValidations(p *provider) {
	id := p.create().id()
	for what, c := range map[string]struct {
		body object
		code string
	}{
		"no webview":     {object{"validate_mechanism": "webauth", "connector_uuid": testConnector}, "missingParameter"},
		"no bank":        {object{"validate_mechanism": "webauth", "webview_url": p.redirect}, "missingParameter"},
		"an unknown one": {object{"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": "x"}, "missingParameter"},
		"a mechanism":    {object{"validate_mechanism": "telepathy", "webview_url": p.redirect, "connector_uuid": testConnector}, "invalidValue"},
		"a use case": {object{
			"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": testConnector, "fields": object{"use_case_pay": "telepathy"},
		}, "invalidValue"},
		"a bank without instant": {object{"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": bank.Snail}, "invalidValue"},
		"a wrong payer": {object{
			"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": testConnector, "payer": account("FR76", "Ada"),
		}, "invalidValue"},
	} {
		p.refuse(what, p.operate(id, c.body), 400, c.code)
	}
	p.hold("as it was", p.payment(id), object{"state": "created", "connector_uuid": nil, "payer": nil})
}

// confirmation: where the domain does not confirm by itself, the client does, within a minute.
func confirmation(p *provider) {
	own := serve(p.T, func(c *bank.Config) { c.ManualConfirmation = true })
	for answer, end := range map[any]string{true: "done", false: "rejected:confirmationRefused", nil: "expired"} {
		id := own.create().id()
		own.authorise(id, "nowhere")
		own.hold("after the payer", own.payment(id), object{"state": "validating", "action": "confirm"})
		if answer == nil {
			own.pass(time.Minute - time.Second)
			own.hold("a second before", own.payment(id), object{"state": "validating"})
			own.pass(time.Second)
		} else {
			own.operate(id, object{"confirm": answer})
		}
		if got := own.state(id); got != end {
			own.Errorf("confirm %v: %s, want %s", answer, got, end)
		}
		own.refuse("once more", own.operate(id, object{"confirm": true}), 409, "conflict")
	}
	a := own.validate("redirect_no_confirmation")
	own.decide(a.string("validate_uri"), "authorise")
	if got := own.state(a.id()); got != "done" {
		own.Errorf("the use case without one: %s", got)
	}
}
