package contract

import (
	"strings"
	"time"
)

// state is a payment's state, with the error code of one that was rejected.
func (p *provider) state(id string) string {
	p.Helper()
	a := p.payment(id)
	if code := a.string("error_code"); code != "" {
		return a.string("state") + ":" + code
	}
	return a.string("state")
}

// stateOrder walks the scenarios of the test connector: what the label asks for, a quarter of an hour for each pending phase
// and a quarter of a minute for that of an instant payment.
func stateOrder(p *provider) {
	for label, states := range map[string]string{
		"Order 1":            "done",
		"done - X":           "done",
		"pdng - X":           "pending done",
		"pdng/done - X":      "pending done",
		"pdng/pdng/done - X": "pending pending done",
		"pdng/rjct - X":      "pending rejected:noSpecifiedReason",
		"canc - X":           "rejected:CancelledByUser",
		"rjct - X":           "rejected:noSpecifiedReason",
		"err - X":            "rejected:invalidAmount",
		"PDNG/ERR - X":       "pending rejected:invalidAmount",
		"X - rjct":           "done",
		"pdng/nope - X":      "done",
	} {
		for kind, phase := range map[string]time.Duration{"instant": 15 * time.Second, "first_open_day": 15 * time.Minute} {
			id := p.create(change{"label": label, "execution_date_type": kind}).id()
			p.authorise(id, "exa")
			p.walk(id, kind+" "+label, strings.Fields(states), phase)
		}
	}
	for _, slug := range []string{"exa", "nowhere"} {
		id := p.create(change{"label": "bug - X"}).id()
		if where := p.choose(id, slug); !strings.Contains(where, "payment_state=rejected") {
			p.Errorf("an initiation error goes to %q", where)
		}
		p.hold("an initiation error", p.payment(id), object{"state": "rejected", "error_code": "bug", "validate_uri": nil})
	}
}

// walk wants one state after the other, each for a phase.
func (p *provider) walk(id, what string, states []string, phase time.Duration) {
	p.Helper()
	for n, want := range states {
		if n > 0 {
			p.pass(phase - time.Second)
			if got := p.state(id); got != states[n-1] {
				p.Errorf("%s: %s a second before phase %d is over", what, got, n)
			}
			p.pass(time.Second)
		}
		if got := p.state(id); got != want {
			p.Errorf("%s: %s after phase %d, want %s", what, got, n, want)
		}
	}
}

// manage acts as the payer or the bank through the management.
func (p *provider) manage(status int, id, verb string, body any) answer {
	p.Helper()
	return p.control(status, "POST", "/payments/"+id+"/"+verb, body)
}

// finalIsFinal: no payer, no bank, no client and no time changes what is over.
func finalIsFinal(p *provider) {
	for _, state := range []string{"done", "accepted", "rejected", "expired", "partial"} {
		id := p.create().id()
		p.manage(200, id, "settle", object{"state": state})
		before := p.payment(id).text
		for _, verb := range []string{"authorise", "refuse", "expire"} {
			p.manage(409, id, verb, nil)
		}
		p.manage(409, id, "settle", object{"state": "done"})
		p.refuse(state+", cancelled", p.call("POST", "/payments/"+id, p.cancellation()), 409, "conflict")
		p.refuse(state+", validated", p.call("POST", "/payments/"+id, object{"validate_mechanism": "webauth", "webview_url": p.redirect, "connector_uuid": testConnector}), 409, "conflict")
		if on := p.browse(p.webview(id), nil); !strings.Contains(on.where, "payment_state="+state) {
			p.Errorf("%s: the webview goes to %q", state, on.where)
		}
		p.pass(31 * 24 * time.Hour)
		if after := p.payment(id).text; after != before {
			p.Errorf("%s was\n%s\nand is\n%s", state, before, after)
		}
	}
	p.manage(404, "1", "authorise", nil)
}

func noAnswer(p *provider) {
	id := p.create().id()
	p.choose(id, "nowhere")
	p.pass(15*time.Minute - time.Second)
	if got := p.state(id); got != "validating" {
		p.Errorf("a second before: %s", got)
	}
	p.pass(time.Second)
	if got := p.state(id); got != "rejected:noAnswerFromCustomer" {
		p.Errorf("after a quarter of an hour at the bank: %s", got)
	}
}

// expires: thirty days, for what nobody took up and for what the bank never decided.
func expires(p *provider) {
	created, pending := p.create().id(), p.create(change{"label": "Order sandbox:hang"}).id()
	p.authorise(pending, "nowhere")
	p.pass(30*24*time.Hour - time.Second)
	if a, b := p.state(created), p.state(pending); a != "created" || b != "pending" {
		p.Errorf("a second before: %s, %s", a, b)
	}
	p.pass(time.Second)
	if a, b := p.state(created), p.state(pending); a != "expired" || b != "expired" {
		p.Errorf("after thirty days: %s, %s", a, b)
	}
	p.hold("expired", p.payment(pending), object{"error_code": nil, "action": nil, "instructions.0.state": nil})
}

func accepts(p *provider) {
	id := p.create().id()
	if back := p.authorise(id, "shrug"); back.Get("payment_state") != "accepted" {
		p.Errorf("back with %v", back)
	}
	p.hold("accepted", p.payment(id), object{"state": "accepted", "error_code": nil, "instructions.0.state": "accepted"})
	rejected := p.create(change{"label": "rjct - X"}).id()
	p.authorise(rejected, "shrug")
	if got := p.state(rejected); got != "rejected:noSpecifiedReason" {
		p.Errorf("what it refuses is %s", got)
	}
}

// rollUp: the parts have the state of the whole, but for a partial one.
func rollUp(p *provider) {
	for label, want := range map[string][2]string{
		"done - X": {"done", "done"}, "rjct - X": {"rejected", "rejected"}, "pdng - X": {"pending", "pending"},
	} {
		id := p.create(change{"/instructions": []any{p.part("1.00", change{"label": label}), p.part("2.00")}}).id()
		p.authorise(id, "nowhere")
		p.hold(label, p.payment(id), object{"state": want[0], "instructions.0.state": want[1], "instructions.1.state": want[1]})
	}
	id := p.create(change{"/instructions": []any{p.part("1.00", change{"label": "X sandbox:part"}), p.part("2.00")}}).id()
	p.authorise(id, "nowhere")
	p.hold("partial", p.payment(id), object{"state": "partial", "error_code": nil, "instructions.0.state": "rejected", "instructions.1.state": "done"})
	p.refuse("more than the bank takes", p.call("POST", "/payments", p.order(change{
		"/connector_uuid": testConnector, "/instructions": p.parts(11),
	})), 400, "invalidValue")
	p.hold("as many as it takes", p.create(change{"/connector_uuid": testConnector, "/instructions": p.parts(10)}), object{"state": "created"})
}

func (p *provider) parts(n int) []any {
	p.Helper()
	list := make([]any, n)
	for i := range list {
		list[i] = p.part("0.10")
	}
	return list
}

// recurring: one instruction, pending until the schedule has ended.
func recurring(p *provider) {
	periodic := change{"execution_date_type": "periodic", "frequency": "monthly", "start_date": "2026-08-01", "end_date": "2026-12-01"}
	a := p.create(periodic)
	p.hold("a schedule", a, object{
		"instructions.0.frequency": "monthly", "instructions.0.start_date": "2026-08-01", "instructions.0.end_date": "2026-12-01",
	})
	p.authorise(a.id(), "nowhere")
	p.pass(24 * time.Hour)
	if got := p.state(a.id()); got != "pending" {
		p.Errorf("a running schedule is %s", got)
	}
	p.manage(200, a.id(), "settle", object{"state": "done"})
	if got := p.state(a.id()); got != "done" {
		p.Errorf("a schedule at its end is %s", got)
	}
	stopped := p.create(periodic)
	p.authorise(stopped.id(), "nowhere")
	p.manage(200, stopped.id(), "stop", object{})
	if got := p.state(stopped.id()); got != "rejected:noSpecifiedReason" {
		p.Errorf("a schedule that its bank stopped is %s", got)
	}
	unreported := p.create(periodic)
	p.authorise(unreported.id(), "shrug")
	if got := p.state(unreported.id()); got != "accepted" {
		p.Errorf("a schedule of a bank that reports nothing is %s", got)
	}
	p.refuse("weekly at a bank of months", p.call("POST", "/payments", p.order(periodic, change{"frequency": "weekly", "/connector_uuid": "5a0d0b01-0003-5b0c-8000-000000000003"})), 400, "invalidValue")
	for _, frequency := range []string{"daily", "weekly", "two-weekly", "monthly", "two-monthly", "quarterly", "four-monthly", "semiannually", "yearly"} {
		p.create(periodic, change{"frequency": frequency})
	}
	p.refuse("two of them", p.call("POST", "/payments", p.order(change{"/instructions": []any{p.part("1.00", periodic), p.part("1.00", periodic)}})), 400, "invalidValue")
}
