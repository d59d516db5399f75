package powens_test

import (
	"encoding/json"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// What the client says of a create that failed must never be less careful than what the bank did: a payment that may have been made
// is ambiguous, and is then found by its reference.
func TestTheClientIsAsCarefulAsEachFaultOfTheSandboxDemands(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]struct{ works, ambiguous, made bool }{
		"error": {false, true, false}, "cut": {false, true, false}, "no-answer": {false, true, false}, "late": {false, true, true}, "lost-answer": {false, true, true},
		"garbage": {false, true, true}, "rate-limit": {false, false, false}, "unauthorized": {true, false, true}, "slow": {true, false, true},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b, c := sandbox(t, func(cfg *bank.Config) { cfg.HoldAtMost = time.Millisecond })
			rule(t, b, `{"kind":"`+kind+`","operation":"create","times":1,"latency_ms":`+map[bool]string{true: "1", false: "0"}[kind == "slow"]+`}`)
			p, err := c.CreatePayment(t.Context(), request("PAY-1", powens.Instant))
			if (err == nil) != want.works || powens.IsAmbiguous(err) != want.ambiguous || powens.IsRefused(err) || want.works != (p.ID != "") {
				t.Errorf("%+v, %v: ambiguous %v, refused %v", p, err, powens.IsAmbiguous(err), powens.IsRefused(err))
			}
			if n := len(b.ByReference("PAY-1")); (n == 1) != want.made || n > 1 {
				t.Errorf("the bank has %d", n)
			}
			found, err := c.FindByReference(t.Context(), "PAY-1")
			if err != nil || (len(found) == 1) != want.made {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
}

// What is odd about a payment does not mislead the client: what it does not know, it does not take for an outcome.
func TestOddPaymentsOfTheSandboxAreRead(t *testing.T) {
	t.Parallel()
	for kind, is := range map[string]func(powens.Payment) bool{
		"fields-map":         func(p powens.Payment) bool { return p.State == powens.Created && p.Amount == 2999 },
		"amount-number":      func(p powens.Payment) bool { return p.State == powens.Created && p.Amount == 2999 },
		"other-amount":       func(p powens.Payment) bool { return p.State == powens.Created && p.Amount == 3000 },
		"unknown-error-code": func(p powens.Payment) bool { return p.State == powens.Created && p.Amount == 2999 },
		"unknown-state": func(p powens.Payment) bool {
			return p.State != powens.Created && p.State != powens.Done && p.State != powens.Rejected && p.Amount == 2999
		},
	} {
		b, c := sandbox(t)
		made, err := c.CreatePayment(t.Context(), request("PAY-1", powens.Instant))
		if err != nil {
			t.Fatal(err)
		}
		rule(t, b, `{"kind":"`+kind+`","operation":"get"}`)
		if p, err := c.GetPayment(t.Context(), made.ID); err != nil || !is(p) {
			t.Errorf("%s: %+v, %v", kind, p, err)
		}
	}
}

// rule puts a fault in force, as the management has it.
func rule(t *testing.T, b *bank.Bank, text string) {
	t.Helper()
	var f bank.Fault
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddFault(f); err != nil {
		t.Fatal(err)
	}
}
