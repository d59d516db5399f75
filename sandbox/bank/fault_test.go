package bank

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// outcome is what a caller with little patience sees of a create, and whether the bank then has the payment.
type outcome struct {
	status int // 0: no answer
	made   bool
}

func (r *rig) createImpatiently(change change) (outcome, answer) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Second)
	defer cancel()
	a, err := r.try(ctx, "POST", "/2.0/payments", r.token, orderBody(change))
	if err != nil {
		a.status = 0
	}
	reference := orderBody(change)["instructions"].([]any)[0].(map[string]any)["reference_id"].(string)
	return outcome{a.status, len(r.b.ByReference(reference)) > 0}, a
}

func TestFaultsOfACreate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault Fault
		label string // asks for the same
		want  outcome
	}{
		"error":           {Fault{Kind: fault.Error}, "fault:error", outcome{500, false}},
		"error 503":       {Fault{Kind: fault.Error, Status: 503}, "fault:error:503", outcome{503, false}},
		"no answer":       {Fault{Kind: fault.NoAnswer}, "fault:no-answer", outcome{0, false}},
		"cut":             {Fault{Kind: fault.Cut}, "fault:cut", outcome{0, false}},
		"late":            {Fault{Kind: fault.Late}, "fault:late", outcome{0, true}},
		"lost answer":     {Fault{Kind: fault.LostAnswer}, "fault:lost-answer", outcome{0, true}},
		"rate limit":      {Fault{Kind: fault.RateLimit}, "fault:rate-limit", outcome{429, false}},
		"unauthorized":    {Fault{Kind: fault.Unauthorized}, "fault:unauthorized", outcome{401, false}},
		"garbage":         {Fault{Kind: fault.Garbage}, "fault:garbage", outcome{200, true}},
		"slow":            {Fault{Kind: fault.Slow, LatencyMS: 1}, "fault:slow:1", outcome{200, true}},
		"late by a bit":   {Fault{Kind: fault.Late, LatencyMS: 1}, "fault:late:1", outcome{200, true}},
		"none of creates": {Fault{Kind: fault.Error, Operation: "get"}, "fault:nonsense", outcome{200, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c.fault.Times = 1
			if _, err := r.b.AddFault(c.fault); err != nil {
				t.Fatal(err)
			}
			if got, a := r.createImpatiently(change{"reference_id": "BY-RULE"}); got != c.want {
				t.Errorf("by rule: %+v %s", got, a.text)
			}
			if got, a := r.createImpatiently(change{"reference_id": "BY-LABEL", "label": "X " + c.label}); got != c.want {
				t.Errorf("by label: %+v %s", got, a.text)
			}
			if got, _ := r.createImpatiently(change{"reference_id": "BY-LABEL", "label": "X " + c.label}); got != (outcome{200, true}) {
				t.Errorf("the second try: %+v", got)
			}
			if n := len(r.b.ByReference("BY-LABEL")); c.want.made != (n == 2) { // an impatient client has made it twice
				t.Errorf("%d payments", n)
			}
		})
	}
}

func TestMagicAmountFault(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if got, _ := r.createImpatiently(change{"reference_id": "R1", "amount": "9900.05"}); got != (outcome{0, true}) {
		t.Errorf("lost answer: %+v", got)
	}
	if got, _ := r.createImpatiently(change{"reference_id": "R2", "amount": "9900.02"}); got != (outcome{500, false}) {
		t.Errorf("error: %+v", got)
	}
}

func TestRateLimitSaysWhen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(r.b.SetFaults(Fault{Kind: fault.RateLimit, RetryAfter: 7, Times: 1}, Fault{Kind: fault.RateLimit, Times: 2}))
	for n, want := range []string{"7", "", ""} {
		a := r.call("GET", "/2.0/payments", nil)
		if n < 2 && a.status != 429 || n < 2 && a.header.Get("Retry-After") != want {
			t.Errorf("call %d: %d %q", n, a.status, a.header.Get("Retry-After"))
		}
	}
}

func TestFaultsOfOneOperation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	calls := map[string]func() answer{
		"token": func() answer {
			return r.callAs("", "POST", "/2.0/auth/token", change{"grant_type": "client_credentials", "client_id": "42", "client_secret": testSecret, "scope": "payments:admin"})
		},
		"create": func() answer { return r.call("POST", "/2.0/payments", orderBody()) },
		"get":    func() answer { return r.get(id) },
		"list":   func() answer { return r.call("GET", "/2.0/payments", nil) },
		"scopedtoken": func() answer {
			return r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", id), change{"scope": "payments:validate"})
		},
		"operate":    func() answer { return r.operate(r.lastID(), cancelBody) },
		"connectors": func() answer { return r.call("GET", "/2.0/connectors", nil) },
	}
	for broken := range calls {
		r.must(r.b.SetFaults(Fault{Kind: fault.Error, Operation: broken, Status: 502}))
		for name, call := range calls {
			if name == "operate" { // needs a payment that can be cancelled
				r.b.faults.Clear()
				r.create()
				r.must(r.b.SetFaults(Fault{Kind: fault.Error, Operation: broken, Status: 502}))
			}
			want := map[bool]int{true: 502, false: 200}[name == broken]
			if a := call(); a.status != want {
				t.Errorf("%s broken, %s: %d %s", broken, name, a.status, a.text)
			}
		}
	}
}

func (r *rig) lastID() int64 { return r.b.store.next() - 1 }

func TestOddAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for kind, want := range map[fault.Kind]map[string]any{
		fault.FieldsMap:        {"fields": map[string]any{}},
		fault.AmountNumber:     {"instructions.0.amount": "50.90"},
		fault.UnknownState:     {"state": "frozen_by_comet"},
		fault.UnknownErrorCode: {"error_code": "cometStrike"},
	} {
		id := r.create(change{"label": "X fault:" + string(kind)}).id()
		r.want(r.get(id), want)
		usual := r.create().id()
		r.must(r.b.SetFaults(Fault{Kind: kind, Operation: "get"}))
		r.want(r.get(usual), want)
		r.b.faults.Clear()
		r.want(r.get(usual), map[string]any{"state": "created", "error_code": nil, "instructions.0.amount": "50.9000000000", "fields": []any{}})
	}
	amount := r.create(change{"label": "fault:amount-number"}).text
	if !strings.Contains(amount, `"amount":50.90,`) {
		t.Error(amount)
	}
}

func TestHeldCallerIsFreedWhenTheBankStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.b.Run(ctx) }()
	r.must(r.b.SetFaults(Fault{Kind: fault.NoAnswer}))
	answered := make(chan error, 1)
	go func() {
		_, err := r.try(t.Context(), "GET", "/2.0/payments", r.token, nil)
		answered <- err
	}()
	for r.b.faults.List()[0].Hits == 0 { // until it is held
		runtime.Gosched()
	}
	stop()
	if err := <-answered; err == nil {
		t.Error("a held call was answered")
	}
	r.must(<-ended)
}

func TestLatency(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.SetLatency(Latency{MS: 60000, Operations: map[string]int{"get": 0}})
	id := r.lastCreatedDirectly()
	r.want(r.get(id), map[string]any{"state": "created"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.try(ctx, "GET", "/2.0/payments", r.token, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call of a minute: %v", err)
	}
}

// lastCreatedDirectly makes a payment without the network.
func (r *rig) lastCreatedDirectly() int64 {
	p := r.b.store.add(&record{
		State: StateCreated, Registered: r.clock.Now(), RedirectURI: "https://shop.example/r",
		Instructions: []instruction{{Cents: 1, Currency: "EUR", Label: "X", Kind: "instant", Beneficiary: account{Scheme: "iban", Identification: testIBAN, Label: "A"}}},
	})
	return p.cur.Load().ID
}
