package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing"
)

// try is a call that may have no answer: the status is 0 then.
func (p *platform) try(method, path string, body any) answer {
	p.Helper()
	res, err := p.send(p.key, p.client, method, path, body)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	return p.read(res)
}

// callFaults are what goes wrong with a call: what its caller sees, and whether it was done.
var callFaults = []struct {
	kind   string
	status int
	done   bool
}{
	{"slow", 200, true},
	{"error", 500, false},
	{"no-answer", 0, false},
	{"cut", 0, false},
	{"late", 0, true},
	{"lost-answer", 0, true},
	{"rate-limit", 429, false},
	{"unauthorized", 401, false},
	{"garbage", 200, true},
}

// By rule of the management and by a word in the buyer's name: once, and then it gets through.
func TestEachFaultOfACallDoesWhatItsNameSays(t *testing.T) {
	t.Parallel()
	for _, c := range callFaults {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			p := serve(t, func(c *einvoicing.Config) { c.HoldAtMost = time.Millisecond }).enrol("faults")
			for _, byName := range []bool{false, true} {
				d := p.invoice(fmt.Sprint(byName))
				if byName {
					d.Buyer.Name += " fault:" + c.kind + map[string]string{"slow": ":1"}[c.kind]
				}
				path := "/drafts/" + p.draft(d) + "/validate"
				if !byName {
					p.control(200, "POST", "/faults", object{"kind": c.kind, "operation": "validate", "times": 1, "latency_ms": map[string]int{"slow": 1}[c.kind]})
				}
				a := p.try("POST", path, file(d))
				deposited := p.control(200, "GET", "/documents?number="+d.Number, nil).at("documents.0.invoice_number") != ""
				if a.status != c.status || deposited != c.done || c.kind == "garbage" && (a.body != nil || !strings.Contains(a.text, "<html>")) {
					t.Errorf("by name %v: %d, deposited %v: %s", byName, a.status, deposited, a.text)
				}
				if a.status >= 400 {
					p.refuse("in the shape of the API", a, c.status)
				}
				again := p.try("POST", path, file(d))
				if want := map[bool]int{true: http.StatusConflict, false: http.StatusOK}[c.done]; again.status != want {
					t.Errorf("by name %v, again: %d %s", byName, again.status, again.text)
				}
			}
		})
	}
}

// Every operation can be broken by itself, under the name that the API gives it.
func TestEachOperationCanFailAlone(t *testing.T) {
	t.Parallel()
	p := serve(t).enrol("operations")
	id, draft := p.issue(p.invoice("1")), p.draft(p.invoice("2"))
	calls := map[string]struct{ method, path string }{
		"create-client": {"POST", "/clients"}, "list-clients": {"GET", "/clients"}, "get-client": {"GET", "/clients/" + p.client}, "delete-client": {"DELETE", "/clients/" + p.client},
		"onboarding-link": {"POST", "/clients/onboarding-link"}, "onboarding-status": {"GET", "/clients/onboarding-link/status"}, "create-mandate": {"POST", "/mandates"},
		"list-mandates": {"GET", "/mandates"}, "directory": {"GET", "/directory/552100554"}, "create-draft": {"POST", "/drafts"}, "list-drafts": {"GET", "/drafts"},
		"get-draft": {"GET", "/drafts/" + draft}, "put-draft": {"PUT", "/drafts/" + draft}, "delete-draft": {"DELETE", "/drafts/draft_none"}, "validate-data": {"POST", "/drafts/validate-data"},
		"validate": {"POST", "/drafts/" + draft + "/validate"}, "invoice-data": {"GET", "/invoicing/invoice_data/" + id}, "file": {"GET", "/invoicing/files/" + id},
		"submit-file": {"POST", "/invoicing/files/submit"}, "lifecycle": {"GET", "/lifecycle-events?object_type=invoice&object_id=" + id},
		"report-sales": {"POST", "/reporting/b2c-transactions"}, "report-payments": {"POST", "/reporting/payments"}, "create-webhook": {"POST", "/webhooks"},
		"list-webhooks": {"GET", "/webhooks"}, "event-types": {"GET", "/webhooks/event-types"}, "usage": {"GET", "/usage/metrics"},
	}
	for broken := range calls {
		p.control(200, "PUT", "/faults", object{"faults": []object{{"kind": "error", "operation": broken, "status": 599}}})
		for name, c := range calls {
			if a := p.as(p.key, p.client, c.method, c.path, nil); (a.status == 599) != (name == broken) {
				t.Errorf("%s is broken, %s answers %d", broken, name, a.status)
			}
		}
	}
}

func TestRulesOfTheManagement(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.newClient("rules")
	for what, wrong := range map[string]object{
		"unknown kind": {"kind": "eror"}, "a shape of payments": {"kind": "fields-map"}, "unknown operation": {"kind": "error", "operation": "validat"},
		"a bank's operation": {"kind": "error", "operation": "scopedtoken"}, "a call's of webhooks": {"kind": "cut", "operation": "webhook"},
		"a webhook's of calls": {"kind": "webhook-missing", "operation": "validate"}, "below zero": {"kind": "error", "times": -1}, "a chance of two": {"kind": "error", "probability": 2},
		"no error": {"kind": "error", "status": 302}, "unknown name": {"kind": "error", "after": 1},
	} {
		if a := p.control(400, "POST", "/faults", wrong); a.at("error") == "" {
			t.Errorf("%s: %s", what, a.text)
		}
		p.control(400, "PUT", "/faults", object{"faults": []object{{"kind": "error"}, wrong}})
	}
	p.call(200, "GET", "/mandates", nil) // none of that is in force
	pattern := func(seed int) string {
		p.control(200, "PUT", "/faults", object{"faults": []object{{"kind": "error", "operation": "list-mandates", "probability": 0.5, "seed": seed}}})
		all := ""
		for range 60 {
			all += map[int]string{200: ".", 500: "x"}[p.as(p.key, p.client, "GET", "/mandates", nil).status]
		}
		return all
	}
	first, second, other := pattern(3), pattern(3), pattern(4)
	if first != second || first == other || len(first) != 60 || !strings.Contains(first, "x") || !strings.Contains(first, ".") {
		t.Errorf("by chance: %s, the same seed %s, another %s", first, second, other)
	}
	p.control(200, "PUT", "/faults", object{"faults": []object{}})
	p.call(200, "GET", "/mandates", nil)
}

// The faults strike the second webhook of a mandate, while the first is held: what comes then does not depend on how fast it is.
func TestEachFaultOfAWebhookDoesWhatItsNameSays(t *testing.T) {
	t.Parallel()
	const created, activated, expired = "mandate.created", "mandate.activated", "mandate.expired"
	for kind, wants := range map[string][]string{
		"webhook-missing": {expired}, "webhook-duplicate": {activated, activated, expired}, "webhook-out-of-order": {expired, activated},
		"webhook-forged": {activated + " forged", activated, expired}, "webhook-unsigned": {activated + " unsigned", expired}, "webhook-slow": {activated, expired},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			l := listen(t)
			secret := p.register(l, created, activated, expired)
			release := l.Hold()
			p.newClient("hooks")
			mandate := p.newMandate("hooks").at("id")
			p.next(l, created, "mandate", mandate)
			p.control(200, "POST", "/faults", object{"kind": kind, "times": 1, "latency_ms": 1})
			p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
			p.control(200, "POST", "/clients/"+p.client+"/expire", nil)
			release()
			ids := map[string]any{}
			for n, want := range wants {
				got := <-l.came
				said := fmt.Sprint(got.event["event_type"]) + signedBy(secret, got)
				if said != want {
					t.Errorf("webhook %d is %s, want %s", n, said, want)
				}
				if id := ids[said]; id != nil && id != got.event["event_id"] {
					t.Errorf("a duplicate has another id: %v and %s", id, got.body)
				}
				ids[said] = got.event["event_id"]
			}
			p.hold("once", p.control(200, "GET", "/faults", nil), object{"faults.0.hits": 1})
		})
	}
}

// signedBy is empty for what is signed with the secret.
func signedBy(secret string, n notice) string {
	switch n.signature {
	case sign(secret, n.body):
		return ""
	case "":
		return " unsigned"
	}
	return " forged"
}
