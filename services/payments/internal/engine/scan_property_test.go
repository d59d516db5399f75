package engine

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

// A process that dies at any point leaves a scan that is paid once, after its customer authorised it, or that failed.
func TestADeathBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	alive := 0
	for point := 1; alive == 0; point++ {
		g := r.gateway(true)
		s, err := r.scan(g, "anna")
		if err != nil {
			t.Fatal(err)
		}
		r.steps, r.dieAt = 0, point
		dead := r.process(func() { r.Process(context.Background(), s) })
		r.dieAt = 0
		if !dead {
			alive = point
		}
		r.settle(4 * time.Minute) // the lease and a look-up
		if r.load(s.Reference).PaymentURL == "" {
			t.Fatalf("dead at step %d: the customer has nowhere to go", point)
		}
		for _, p := range r.bank.ByReference(s.Reference) {
			if p.State == sandbox.StateCreated {
				if err := r.bank.Authorise(p.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.steps, r.dieAt = 0, 1+point%3 // and again while the outcome is booked
		r.clock = r.clock.Add(r.cfg.QuietMax)
		r.sweepAll()
		r.dieAt = 0
		r.settle(time.Hour)
		if n := r.moved(g.Reference, s.Reference); n != 1 {
			t.Fatalf("dead at step %d: the money moved %d times", point, n)
		}
		r.is(s.Reference, payment.Completed, "", "")
		r.is(g.Reference, payment.Completed, "", "")
		if got := r.announced(g.Reference); count(got, "payment.completed") != 1 {
			t.Fatalf("dead at step %d: events %v", point, got)
		}
	}
	if alive < 8 {
		t.Errorf("only %d steps were tried", alive)
	}
}

// Whatever happens, and in whatever order: the money of one payment moves once at most, our books say the same as the
// bank's, and merchants hear of it once.
func TestAPaymentIsPaidExactlyOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	rapid.Check(t, func(rt *rapid.T) {
		r.dieAt, r.between = 0, nil
		g := r.gateway(rapid.Bool().Draw(rt, "opened"))
		all := []string{g.Reference}
		// At the bank anything may happen to any reachable session.
		atBank := func() {
			for _, reference := range all {
				for _, p := range r.bank.ByReference(reference) {
					if p.State != sandbox.StateCreated && p.State != sandbox.StatePending || rapid.IntRange(0, 5).Draw(rt, "luck") > 0 {
						continue
					}
					if err := r.payerActs(rt, p); err != nil {
						rt.Fatal(err)
					}
				}
			}
		}
		for range rapid.IntRange(2, 12).Draw(rt, "moves") {
			r.between, r.steps, r.dieAt = nil, 0, rapid.SampledFrom([]int{0, 0, 1, 2, 3, 4, 5, 6, 7, 9}).Draw(rt, "death")
			if rapid.Bool().Draw(rt, "busy") {
				r.between = atBank
			}
			switch rapid.IntRange(0, 6).Draw(rt, "move") {
			case 0, 1:
				draft := r.scanOf(g, rapid.SampledFrom([]string{"anna", "bert"}).Draw(rt, "customer"))
				all = append(all, draft.Reference)
				r.process(func() {
					s, _, err := r.store.Scan(context.Background(), draft, g.Reference, store.Idempotency{}, store.Meta{})
					if err == nil && s.Sequence == 1 {
						r.Process(context.Background(), s)
					} else if err != nil && !errs.Is(err, errs.InvalidState) {
						rt.Fatal(err)
					}
				})
			case 2:
				atBank()
			case 3:
				r.clock = r.clock.Add(time.Duration(rapid.IntRange(1, 1200).Draw(rt, "seconds")) * time.Second)
				r.sweepAll()
			case 4: // a hint
				p := r.load(rapid.SampledFrom(all[:1]).Draw(rt, "hinted"))
				r.process(func() { r.Refresh(context.Background(), p, payment.CauseProvider) })
			case 5:
				r.process(func() { _, _, _ = r.Cancel(context.Background(), r.load(g.Reference)) })
			case 6:
				if rapid.IntRange(0, 2).Draw(rt, "word") > 0 {
					continue
				}
				r.process(func() {
					received := payment.Received{By: "user:1"}
					if err := r.store.Receive(context.Background(), shop, false, g.Reference, 0, received, r.NewDueAt(), store.Meta{}); err == nil {
						_, _ = r.Receive(context.Background(), r.load(g.Reference))
					}
				})
			}
		}
		r.dieAt, r.between = 0, nil
		r.settle(10 * time.Minute)
		for _, reference := range all { // no bank keeps a transfer for ever
			for _, p := range r.bank.ByReference(reference) {
				if p.State == sandbox.StatePending {
					if err := r.payerActs(rt, p); err != nil {
						rt.Fatal(err)
					}
				}
			}
		}
		r.settle(26 * time.Hour)
		r.checkBooks(rt, g.Reference, all)
	})
}

func (r *rig) payerActs(rt *rapid.T, p sandbox.Payment) error {
	switch {
	case p.State == sandbox.StatePending:
		return r.bank.Settle(p.ID, rapid.SampledFrom([]string{sandbox.StateDone, sandbox.StateRejected}).Draw(rt, "settles"), "")
	case rapid.IntRange(0, 3).Draw(rt, "refuses") == 0:
		return r.bank.Refuse(p.ID)
	default:
		state := rapid.SampledFrom([]string{"", sandbox.StatePending, sandbox.StateAccepted}).Draw(rt, "ends")
		return r.bank.AuthoriseWith(p.ID, sandbox.Choice{State: state})
	}
}

func (r *rig) checkBooks(rt *rapid.T, gateway string, all []string) {
	g, moved := r.load(gateway), r.moved(all...)
	byMerchant := g.Received.By != ""
	switch {
	case !g.Status.Final():
		rt.Fatalf("the payment is still %s/%s", g.Status, g.Detail)
	case moved > 1:
		rt.Fatalf("the money moved %d times", moved)
	case byMerchant && (moved != 0 || g.Status != payment.Completed):
		rt.Fatalf("confirmed by the merchant, %s, and the money moved %d times", g.Status, moved)
	case !byMerchant && (moved == 1) != (g.Status == payment.Completed):
		rt.Fatalf("the payment is %s, the money moved %d times", g.Status, moved)
	}
	completed := 0
	for _, reference := range all[1:] {
		s, err := r.store.ByReference(context.Background(), reference)
		if err != nil {
			continue // refused
		}
		if !s.Status.Final() {
			rt.Fatalf("scan %s is still %s", reference, s.Status)
		}
		if s.Status == payment.Completed {
			completed++
			if g.PaidBy != reference || r.moved(reference) != 1 {
				rt.Fatalf("scan %s completed, the payment was paid by %q", reference, g.PaidBy)
			}
		}
	}
	if completed > 1 || (g.PaidBy != "") != (completed == 1) {
		rt.Fatalf("%d scans completed, paid by %q", completed, g.PaidBy)
	}
	events := r.announced(gateway)
	if n := count(events, "payment.completed"); (n == 1) != (g.Status == payment.Completed) || n > 1 {
		rt.Fatalf("the payment is %s, events %v", g.Status, events)
	}
	ends := count(events, "payment.completed") + count(events, "payment.failed") + count(events, "payment.cancelled")
	if ends != 1 || count(events, "payment.created") != 1 {
		rt.Fatalf("events %v", events)
	}
}
