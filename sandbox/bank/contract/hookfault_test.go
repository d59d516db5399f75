package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
)

// behindTheFirst makes webhooks wait behind the first of a payment, so that what happens to the next ones does not depend on how fast they
// are: it takes a payment to validating, and lets the fault strike from pending on.
func (p *provider) behindTheFirst(faults ...object) (release func()) {
	p.Helper()
	id := p.create(change{"label": "pdng/rjct - X"}).id()
	release = p.standIn.listener.Hold()
	p.choose(id, "nowhere")
	if d := <-p.standIn.listener.came; d.state() != "validating" {
		p.Fatalf("%s", d.body)
	}
	p.rules(faults...)
	p.manage(200, id, "authorise", nil)
	p.pass(15 * time.Second)
	p.payment(id)
	return release
}

// wants compares the deliveries that come with their states and signatures.
func (p *provider) wants(all ...string) []delivery {
	p.Helper()
	var came []delivery
	for n, want := range all {
		d := <-p.standIn.listener.came
		signed := ""
		switch d.signature {
		case "":
			signed = " unsigned"
		case sign(hookSecret, http.MethodPost, d.path, d.date, d.body):
		default:
			signed = " forged"
		}
		if got := fmt.Sprint(d.state()) + signed; got != want {
			p.Errorf("delivery %d is %s, want %s", n, got, want)
		}
		came = append(came, d)
	}
	return came
}

func TestEachFaultOfAWebhookDoesWhatItsNameSays(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][]string{
		"webhook-missing":      {"rejected"},
		"webhook-duplicate":    {"pending", "pending", "rejected"},
		"webhook-out-of-order": {"rejected", "pending"},
		"webhook-forged":       {"done forged", "pending", "rejected"},
		"webhook-unsigned":     {"pending unsigned", "rejected"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.behindTheFirst(object{"kind": kind, "times": 1})()
			came := p.wants(want...)
			if kind == "webhook-duplicate" && came[0].payment["id_webhook_data"] != came[1].payment["id_webhook_data"] {
				t.Error("a duplicate has the number of the first")
			}
			p.hold("it struck once", p.control(200, "GET", "/faults", nil), object{"faults.0.hits": 1, "faults.0.kind": kind})
			next := p.create().id()
			p.manage(200, next, "settle", object{"state": "done"})
			p.wants("done")
		})
	}
}

// A slow webhook is late, and only that of its own payment.
func TestASlowWebhookHoldsNoOther(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.rules(object{"kind": "webhook-slow", "times": 1, "latency_ms": 3600000})
	p.manage(200, p.create().id(), "settle", object{"state": "rejected"})
	for fmt.Sprint(p.control(200, "GET", "/faults", nil).at("faults.0.hits")) != "1" { // until it is under way
		continue
	}
	p.manage(200, p.create().id(), "settle", object{"state": "done"})
	p.wants("done")
	for fmt.Sprint(p.control(200, "GET", "/webhooks", nil).at("waiting")) != "1" { // until the answer to it is noted, and the other is left
		continue
	}
}

// By a word or by an amount of the payment: its webhooks have it for good.
func TestAPaymentAsksForFaultsOfItsWebhooks(t *testing.T) {
	t.Parallel()
	for amount, c := range map[string]struct {
		kind string
		want []string
	}{
		"9900.14": {"webhook-duplicate", []string{"rejected", "rejected"}}, "9900.16": {"webhook-forged", []string{"done forged", "rejected"}},
		"9900.17": {"webhook-unsigned", []string{"rejected unsigned"}},
	} {
		p := impatient(t)
		for _, asks := range []change{{"amount": amount}, {"label": "X fault:" + c.kind}} {
			p.manage(200, p.create(asks).id(), "settle", object{"state": "rejected"})
			p.wants(c.want...)
		}
	}
	p := impatient(t)
	for _, asks := range []change{{"amount": "9900.13"}, {"label": "X fault:webhook-missing"}} {
		p.manage(200, p.create(asks).id(), "settle", object{"state": "rejected"})
	}
	p.manage(200, p.create().id(), "settle", object{"state": "done"})
	p.wants("done")
	for _, asks := range []change{{"amount": "9900.15"}, {"amount": "9900.18"}} { // nothing follows them: they come by themselves
		p.manage(200, p.create(asks).id(), "settle", object{"state": "accepted"})
		p.wants("accepted")
	}
}

func TestRulesOfTheManagement(t *testing.T) {
	t.Parallel()
	p := serve(t)
	right := object{"kind": "error", "operation": "get", "times": 2}
	p.rules(right)
	for what, wrong := range map[string]object{
		"unknown kind": {"kind": "eror"}, "no kind": {}, "unknown operation": {"kind": "error", "operation": "gett"}, "a call's kind of webhooks": {"kind": "error", "operation": "webhook"},
		"a webhook's of calls": {"kind": "webhook-missing", "operation": "get"}, "below zero": {"kind": "error", "times": -1}, "more than always": {"kind": "error", "probability": 1.1},
		"less than never": {"kind": "error", "probability": -0.1}, "no error": {"kind": "error", "status": 200}, "beyond": {"kind": "error", "status": 600},
		"unknown name": {"kind": "error", "time": 1}, "a text": {"kind": "error", "times": "1"}, "latency": {"kind": "slow", "latency_ms": -1}, "retry": {"kind": "rate-limit", "retry_after": -1},
	} {
		if a := p.control(400, "POST", "/faults", wrong); a.string("error") == "" {
			t.Errorf("%s: %s", what, a.text)
		}
		p.control(400, "PUT", "/faults", object{"faults": []object{{"kind": "slow"}, wrong}})
		p.hold(what+" changed nothing", p.control(200, "GET", "/faults", nil), object{"faults.0.kind": "error", "faults.0.times": 2, "faults.1": nil})
	}
	id := p.create().id()
	for _, status := range []int{500, 500, 200} {
		if a := p.call("GET", "/payments/"+id, nil); a.status != status {
			t.Errorf("%d, want %d", a.status, status)
		}
	}
	p.hold("used up", p.control(200, "GET", "/faults", nil), object{"faults.0.hits": 2})
	second := p.control(200, "POST", "/faults", object{"kind": "error", "operation": "list"})
	if a := p.call("GET", "/payments", nil); a.status != 500 {
		t.Errorf("a second rule: %d", a.status)
	}
	p.control(200, "DELETE", "/faults/"+fmt.Sprint(second.at("id")), nil)
	p.control(404, "DELETE", "/faults/"+fmt.Sprint(second.at("id")), nil)
	if a := p.call("GET", "/payments", nil); a.status != 200 {
		t.Errorf("taken back: %d", a.status)
	}
	p.control(200, "POST", "/faults", object{"kind": "error"})
	p.control(200, "POST", "/reset", nil)
	p.hold("a reset forgets them", p.control(200, "GET", "/faults", nil), object{"faults.0": nil})
}

// The same seed strikes the same calls, whatever happened before.
func TestChanceIsThatOfItsSeed(t *testing.T) {
	t.Parallel()
	run := func(seed int) string {
		p := serve(t, func(c *bank.Config) { c.FirstID = int64(seed) + 1 })
		id := p.create().id()
		p.rules(object{"kind": "error", "operation": "get", "probability": 0.5, "seed": seed})
		pattern := ""
		for range 60 {
			if p.call("GET", "/payments/"+id, nil).status == 500 {
				pattern += "x"
			} else {
				pattern += "."
			}
			p.ids("") // another operation draws nothing
		}
		hits := fmt.Sprint(p.control(200, "GET", "/faults", nil).at("faults.0.hits"))
		if n := fmt.Sprint(strings.Count(pattern, "x")); hits != n {
			t.Errorf("%s hits are said, %s were seen", hits, n)
		}
		return pattern
	}
	first := run(7)
	if second := run(7); first != second {
		t.Errorf("one seed gave\n%s and\n%s", first, second)
	}
	if other := run(8); first == other {
		t.Errorf("two seeds gave %s", other)
	}
	if n := strings.Count(first, "x"); n < 15 || n > 45 {
		t.Errorf("%d of 60 at one half", n)
	}
}
