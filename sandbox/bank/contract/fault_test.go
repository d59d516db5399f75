package contract

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
)

// impatient opens a stand-in whose faults end at once what they hold, and whose payments may cost what they like.
func impatient(t *testing.T) *provider {
	t.Helper()
	return serve(t, func(c *bank.Config) { c.HoldAtMost, c.MaxAmount = time.Millisecond, 0 })
}

// rules puts exactly these faults in force.
func (p *provider) rules(faults ...object) answer {
	p.Helper()
	return p.control(200, "PUT", "/faults", object{"faults": faults})
}

// try is a call that may have no answer: the status is 0 then.
func (p *provider) try(method, path string, body any) answer {
	p.Helper()
	res, err := p.send(p.Context(), method, p.baseURL+"/2.0"+path, p.admin, body)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	return p.read(res)
}

// made is how many payments the bank has with a reference.
func (p *provider) made(reference string) int {
	p.Helper()
	list, ok := p.control(200, "GET", "/payments?reference_id="+reference, nil).at("payments").([]any)
	if !ok {
		p.Fatal("the management has no list")
	}
	return len(list)
}

// callFaults are what goes wrong with a call: what its caller sees, and whether it was done. The amount asks for the same.
var callFaults = []struct {
	kind, amount string
	status       int
	done         bool
	is           func(answer) bool
}{
	{"slow", "9900.01", 200, true, isPayment},
	{"error", "9900.02", 500, false, isError},
	{"no-answer", "9900.03", 0, false, nil},
	{"cut", "", 0, false, nil},
	{"late", "9900.04", 0, true, nil},
	{"lost-answer", "9900.05", 0, true, nil},
	{"rate-limit", "9900.06", 429, false, isError},
	{"unauthorized", "9900.07", 401, false, isError},
	{"garbage", "9900.08", 200, true, func(a answer) bool { return a.body == nil && strings.Contains(a.text, "<html>") }},
}

func isPayment(a answer) bool { return a.string("state") == "created" }

func isError(a answer) bool { return a.string("code") != "" && a.string("description") != "" }

func TestEachFaultOfACallDoesWhatItsNameSays(t *testing.T) {
	t.Parallel()
	for _, c := range callFaults {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			p := impatient(t)
			p.admin = p.tokenFor("payments:admin")
			p.rules(object{"kind": c.kind, "operation": "create", "times": 1, "latency_ms": map[string]int{"slow": 1}[c.kind]})
			p.struck("by rule", p.order(change{"reference_id": "RULE"}), "RULE", c.status, c.done, c.is)
			p.struck("by word", p.order(change{"reference_id": "WORD", "label": "X fault:" + c.kind + map[string]string{"slow": ":1"}[c.kind]}), "WORD", c.status, c.done, c.is)
			if c.amount != "" && c.kind != "slow" { // which has no way to say how long by an amount
				p.struck("by amount", p.order(change{"reference_id": "AMOUNT", "amount": c.amount}), "AMOUNT", c.status, c.done, c.is)
			}
		})
	}
}

// struck sends a payment twice: the first time the fault strikes, the second time it gets through.
func (p *provider) struck(what string, body object, reference string, status int, done bool, is func(answer) bool) {
	p.Helper()
	a := p.try("POST", "/payments", body)
	if n := p.made(reference); a.status != status || is != nil && !is(a) || (n == 1) != done || n > 1 {
		p.Errorf("%s: %d, %d payments: %s", what, a.status, n, a.text)
	}
	again := p.try("POST", "/payments", body)
	if n := p.made(reference); again.status != http.StatusOK || n != map[bool]int{true: 2, false: 1}[done] {
		p.Errorf("%s, again: %d, %d payments: %s", what, again.status, n, again.text)
	}
}

// A slow answer is no answer to who does not wait for it, and the right one to who does.
func TestASlowAnswerComesLate(t *testing.T) {
	t.Parallel()
	p := serve(t)
	id := p.create().id()
	p.rules(object{"kind": "slow", "operation": "get", "times": 1, "latency_ms": 3600000})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		res, err := p.send(ctx, "GET", p.baseURL+"/2.0/payments/"+id, p.admin, nil)
		if err == nil {
			err = res.Body.Close()
		}
		left <- err
	}()
	for fmt.Sprint(p.control(200, "GET", "/faults", nil).at("faults.0.hits")) != "1" { // until it waits
		runtime.Gosched()
	}
	leave()
	if err := <-left; err == nil {
		t.Error("an answer of an hour was there at once")
	}
	p.hold("who asks again", p.payment(id), object{"id": id})
}

// shapes are what is odd about a payment, in answers and webhooks alike.
var shapes = map[string]struct {
	amount, path, odd string
}{
	"fields-map": {"9900.09", "fields", "map[]"}, "amount-number": {"9900.10", "instructions.0.amount", "4.20"},
	"unknown-state": {"9900.11", "state", "frozen_by_comet"}, "unknown-error-code": {"9900.12", "error_code", "cometStrike"},
}

func TestEachOddShapeIsSeenInAnswersAndWebhooks(t *testing.T) {
	t.Parallel()
	for kind, c := range shapes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := impatient(t)
			usual := p.create().id()
			before := fmt.Sprint(p.payment(usual).at(c.path))
			p.rules(object{"kind": kind, "operation": "get", "times": 1})
			if got := fmt.Sprint(p.payment(usual).at(c.path)); got != c.odd || got == before {
				t.Errorf("by rule: %s, usually %s", got, before)
			}
			if got := fmt.Sprint(p.payment(usual).at(c.path)); got != before {
				t.Errorf("once, and then %s", got)
			}
			asked := p.create(change{"amount": c.amount})
			want := strings.Replace(c.odd, "4.20", c.amount, 1)
			for what, a := range map[string]answer{"created": asked, "read": p.payment(asked.id())} {
				if got := fmt.Sprint(a.at(c.path)); got != want {
					t.Errorf("by amount, %s: %s", what, got)
				}
			}
			p.rules(object{"kind": kind, "operation": "webhook", "times": 1})
			p.manage(200, usual, "settle", object{"state": "rejected"})
			d := <-p.standIn.listener.came
			if got := fmt.Sprint((answer{body: d.payment}).at(c.path)); !strings.HasPrefix(c.odd, got) {
				t.Errorf("in a webhook: %s", d.body)
			}
		})
	}
}

// A bank may execute another amount than was asked for; what was created is as it was asked for.
func TestAnotherAmountShowsOnceThePaymentIsAtTheBank(t *testing.T) {
	t.Parallel()
	p := impatient(t)
	a := p.create(change{"amount": "9900.19"})
	p.hold("created", a, object{"instructions.0.amount": "9900.1900000000"})
	p.choose(a.id(), "nowhere")
	p.hold("at the bank", p.payment(a.id()), object{"instructions.0.amount": "9900.2000000000"})
	p.manage(200, a.id(), "authorise", nil)
	p.hold("done", p.payment(a.id()), object{"state": "done", "instructions.0.amount": "9900.2000000000"})
}

// Each word and each amount of the README has the end that stands there.
func TestEachWishIsFulfilled(t *testing.T) {
	t.Parallel()
	p := impatient(t)
	for n, code := range []string{
		"invalidEmitter", "insufficientFunds", "invalidAmount", "invalidCurrency", "invalidDate", "invalidBeneficiary", "invalidLabel", "invalidReferenceId",
		"regulatoryReason", "authenticationFailed", "noAnswerFromCustomer", "noSpecifiedReason", "CancelledByUser", "CancelledByClient",
		"confirmationRefused", "bankMessage", "invalidValue", "websiteUnavailable", "bug",
	} {
		p.becomes(change{"amount": fmt.Sprintf("9901.%02d", n+1)}, "rejected:"+code)
		p.becomes(change{"label": "Order sandbox:reject:" + code + " 7"}, "rejected:"+code)
	}
	for amount, want := range map[string]string{
		"9902.01": "pending", "9902.02": "pending", "9902.03": "accepted", "9902.04": "pending", "9902.05": "expired", "9902.06": "pending", "9902.07": "pending",
		"9900.00": "done", "9900.99": "done", "9901.20": "done", "9902.10": "done", "9903.01": "done", "99.01": "done",
	} {
		p.becomes(change{"amount": amount}, want)
	}
	for label, want := range map[string]string{
		"X sandbox:acpt": "accepted", "X sandbox:xprd": "expired", "X sandbox:part": "partial", "X sandbox:hang": "pending", "acpt - X": "accepted",
		"sandbox:nonsense": "done", "sandbox:pdng/pdng/pdng/pdng": "done", "X-sandbox:rjct": "done",
	} {
		p.becomes(change{"label": label}, want)
	}
	for _, c := range []change{{"label": "X sandbox:auto"}, {"amount": "9902.08"}} {
		if got := p.state(p.create(c).id()); got != "done" {
			t.Errorf("%v: nobody was needed, but it is %s", c, got)
		}
	}
	for _, c := range []change{{"label": "X sandbox:auto/pdng"}, {"amount": "9902.09"}} {
		if got := p.state(p.create(c).id()); got != "pending" {
			t.Errorf("%v: %s", c, got)
		}
	}
}

// becomes wants the state of a payment once it is authorised.
func (p *provider) becomes(c change, want string) {
	p.Helper()
	id := p.create(c).id()
	p.manage(200, id, "authorise", nil)
	if got := p.state(id); got != want {
		p.Errorf("%v: %s, want %s", c, got, want)
	}
}
