package engine

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func (r *rig) is(reference string, status payment.Status, detail, failure string) payment.Payment {
	r.t.Helper()
	p := r.load(reference)
	if p.Status != status || p.Detail != detail || p.Failure != failure {
		r.t.Fatalf("%s is %s/%s/%s, want %s/%s/%s", reference, p.Status, p.Detail, p.Failure, status, detail, failure)
	}
	return p
}

func count(list []string, one string) (n int) {
	for _, s := range list {
		if s == one {
			n++
		}
	}
	return n
}

func TestAScanPaysThePayment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s := r.mustScan(g, "anna")
	if s.PaymentURL == "" || s.Status != payment.PendingSCA {
		t.Fatalf("the customer has nowhere to go: %+v", s)
	}
	held := r.is(g.Reference, payment.PendingSCA, payment.DetailPayingByScan, "")
	if held.Proto().GetPaymentUrl() != "" || held.OwnSession != payment.SessionClosed {
		t.Errorf("its own session is %s, URL %q", held.OwnSession, held.Proto().GetPaymentUrl())
	}
	atBank := r.bank.ByReference(s.Reference)[0]
	if atBank.PayerIBAN != customerIBAN || atBank.BeneficiaryIBAN != g.Beneficiary.IBAN || atBank.Cents != int64(g.Amount) || atBank.Label != "Order 1042" {
		t.Errorf("the bank was asked for %+v", atBank)
	}
	r.authorise(s)
	r.settle(time.Hour)
	r.is(s.Reference, payment.Completed, "", "")
	paid := r.is(g.Reference, payment.Completed, "", "")
	if paid.PaidBy != s.Reference || paid.Payer.IBAN != customerIBAN || paid.CompletedAt == nil || paid.CustomerID != "anna" || paid.Sequence != held.Sequence+1 {
		t.Errorf("paid as %+v", paid)
	}
	if got := r.announced(g.Reference); !slices.Equal(got, []string{"payment.created", "payment.pending_sca", "payment.completed"}) {
		t.Errorf("merchants hear %v", got)
	}
	if r.moved(g.Reference) != 0 || r.moved(s.Reference) != 1 {
		t.Errorf("the money moved %d and %d times", r.moved(g.Reference), r.moved(s.Reference))
	}
	if _, err := r.scan(g, "bert"); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a scan of what is paid: %v", err)
	}
	history, err := r.store.History(t.Context(), shop, false, g.Reference)
	if err != nil || history[len(history)-1].Cause != payment.CauseScan {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestAMerchantDoesNotSeeTheScan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s := r.mustScan(g, "anna")
	r.authorise(s)
	r.settle(time.Hour)
	if _, err := r.store.Get(t.Context(), shop, false, s.Reference); err == nil {
		t.Error("the merchant reads the scan, and could refund it beside the payment")
	}
	refund := payment.Payment{Reference: "REF-20260617-0000000000000001", Kind: payment.KindRefund, OriginalReference: s.Reference, MerchantID: shop}
	if _, _, err := r.store.Refund(t.Context(), refund, 0, store.Idempotency{}, store.Meta{}); err == nil {
		t.Error("a scan was refunded")
	}
	list, total, err := r.store.List(t.Context(), store.Filter{MerchantID: shop}, 10, 0)
	if err != nil || total != 1 || list[0].Reference != g.Reference {
		t.Errorf("listed %d, %v", total, err)
	}
	if _, err := r.store.OfCustomer(t.Context(), "anna", s.Reference); err != nil {
		t.Errorf("its customer does not see it: %v", err)
	}
	if _, err := r.store.OfCustomer(t.Context(), "bert", s.Reference); err == nil {
		t.Error("another customer sees it")
	}
}

func TestARefundAfterAScanGoesToTheAccountThatPaid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	r.authorise(r.mustScan(g, "anna"))
	r.settle(time.Hour)
	now, due := r.clock, r.NewDueAt()
	refund, _, err := r.store.Refund(t.Context(), payment.Payment{
		Reference: "REF-20260617-0000000000000001", Kind: payment.KindRefund, OriginalReference: g.Reference, MerchantID: shop, ExecutionType: "instant",
		MerchantName: "Shop", Payer: payment.Party{Name: "Shop", IBAN: g.Beneficiary.IBAN}, RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(time.Hour),
	}, 0, store.Idempotency{}, store.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	r.authorise(r.Request(t.Context(), refund))
	r.settle(time.Hour)
	if got := r.bank.ByReference(refund.Reference)[0].BeneficiaryIBAN; got != customerIBAN {
		t.Errorf("refunded to %s", got)
	}
	if p := r.is(g.Reference, payment.Refunded, "", ""); p.AmountRefunded != g.Amount || p.PaidBy == "" {
		t.Errorf("refunded %s", p.AmountRefunded)
	}
}

func TestTheSecondCustomerIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s := r.mustScan(g, "anna")
	if _, err := r.scan(g, "bert"); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	again, match, err := r.store.Scan(t.Context(), r.scanOf(g, "anna"), "request-"+g.Reference, store.Meta{})
	if err != nil || match != store.ByReference || again.Reference != s.Reference {
		t.Errorf("the same customer again: %s, %s, %v", again.Reference, match, err)
	}
	if _, _, err := r.Cancel(t.Context(), r.load(g.Reference)); !errs.Is(err, errs.InvalidState) {
		t.Errorf("cancelled while somebody pays it: %v", err)
	}
	for name, change := range map[string]func(*payment.Payment){
		"another amount": func(p *payment.Payment) { p.Amount++ }, "another currency": func(p *payment.Payment) { p.Currency = "CHF" },
	} {
		other := r.scanOf(r.gateway(true), "anna")
		change(&other)
		if _, _, err := r.store.Scan(t.Context(), other, name, store.Meta{}); !errs.Is(err, errs.InvalidState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*payment.Payment){
		"another merchant": func(p *payment.Payment) { p.MerchantID = "00000000-0000-0000-0000-000000000000" },
		"the other mode":   func(p *payment.Payment) { p.Livemode = true },
		"a scan":           func(p *payment.Payment) { p.GatewayReference = s.Reference },
	} {
		other := r.scanOf(g, "anna")
		change(&other)
		if _, _, err := r.store.Scan(t.Context(), other, name, store.Meta{}); err == nil || errs.Is(err, errs.InvalidState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAScanThatFailsLetsGoAndTheNextSucceeds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	first := r.mustScan(g, "anna")
	if err := r.bank.Refuse(r.own(first)); err != nil {
		t.Fatal(err)
	}
	r.settle(time.Hour)
	r.is(first.Reference, payment.Cancelled, "", "cancelled_by_user")
	free := r.is(g.Reference, payment.PendingSCA, "", "")
	if free.Held() || free.Proto().GetPaymentUrl() != "" {
		t.Errorf("held by %q, URL %q", free.PaidBy, free.Proto().GetPaymentUrl())
	}
	second := r.mustScan(g, "anna") // the same code: what failed is no answer to it
	if second.Reference == first.Reference {
		t.Fatal("the failed scan was returned")
	}
	r.authorise(second)
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
	if n := r.moved(g.Reference, first.Reference, second.Reference); n != 1 {
		t.Errorf("the money moved %d times", n)
	}
}

func TestWhatNobodyPaysExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s := r.mustScan(g, "anna")
	r.settle(r.cfg.ScanTTL + 2*time.Second)
	r.is(s.Reference, payment.Failed, "", payment.FailureExpired)
	r.is(g.Reference, payment.PendingSCA, "", "")
	r.settle(48 * time.Hour)
	r.is(g.Reference, payment.Failed, "", payment.FailureExpired)
	if _, err := r.scan(g, "bert"); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a scan of what failed: %v", err)
	}
	if got := r.announced(g.Reference); count(got, "payment.failed") != 1 || r.moved(g.Reference, s.Reference) != 0 {
		t.Errorf("events %v", got)
	}
}

// The gateway payment's own expiry waits for its scan.
func TestExpiryWhileHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	r.clock = g.ExpiresAt.Add(-time.Minute)
	s := r.mustScan(g, "anna")
	if !s.ExpiresAt.Equal(g.ExpiresAt) {
		t.Errorf("the scan lives until %s, longer than what it pays", s.ExpiresAt)
	}
	r.authorise(s)
	r.clock = g.ExpiresAt.Add(time.Second)
	r.sweepAll()
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
}

func TestThePayerWasFaster(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		choice sandbox.Choice
		status payment.Status
		detail string
	}{
		"done":    {sandbox.Choice{}, payment.Completed, ""},
		"at bank": {sandbox.Choice{State: sandbox.StatePending}, payment.PendingSCA, payment.DetailBankProcessing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			g := r.gateway(true)
			if err := r.bank.AuthoriseWith(r.own(g), tt.choice); err != nil {
				t.Fatal(err)
			}
			s := r.mustScan(g, "anna") // our books do not know yet
			r.is(s.Reference, payment.Failed, "", payment.FailureAlreadyPaid)
			r.is(g.Reference, tt.status, tt.detail, "")
			if len(r.bank.ByReference(s.Reference)) != 0 {
				t.Error("the scan has a provider payment")
			}
		})
	}
}

func TestASessionThatNeverWasIsClosedWithoutTheBank(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(false, func(p *payment.Payment) { p.RequestedAt = nil })
	s := r.mustScan(g, "anna")
	r.authorise(s)
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
	if len(r.bank.ByReference(g.Reference)) != 0 {
		t.Error("the held payment was requested")
	}
}

// A create whose answer was lost is found, and cancelled, before the scan is requested.
func TestASessionOfUnknownOutcomeIsFoundAndClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(false)
	r.dieAt = r.steps + 2 // after the bank created it, before we know
	if !r.process(func() { r.Request(t.Context(), g) }) {
		t.Fatal("the process lives")
	}
	s := r.mustScan(g, "anna")
	r.settle(3 * time.Minute)
	if got := r.bank.ByReference(g.Reference); len(got) != 1 || got[0].State != sandbox.StateRejected {
		t.Errorf("its own session: %+v", got)
	}
	r.authorise(r.load(s.Reference))
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
}

func TestTheMerchantsWordCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	receive := func(amount int64) error {
		return r.store.Receive(t.Context(), shop, false, g.Reference, g.Amount+money.Cents(amount), payment.Received{By: "user:1", Note: "EPC transfer"}, r.NewDueAt(), store.Meta{})
	}
	if err := receive(1); !errs.Is(err, errs.InvalidState) {
		t.Errorf("another amount: %v", err)
	}
	if err := receive(0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.scan(g, "anna"); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a scan meanwhile: %v", err)
	}
	after, err := r.Receive(t.Context(), r.load(g.Reference))
	if err != nil || after.Status != payment.Completed {
		t.Fatalf("%s, %v", after.Status, err)
	}
	if got := r.bank.ByReference(g.Reference)[0].State; got != sandbox.StateRejected {
		t.Errorf("its session is %s", got)
	}
	if got := r.announced(g.Reference); count(got, "payment.completed") != 1 {
		t.Errorf("events %v", got)
	}
	history, err := r.store.History(t.Context(), shop, false, g.Reference)
	last := history[len(history)-1]
	if err != nil || last.Cause != payment.CauseMerchant || last.Actor != "user:1" || last.Note != "EPC transfer" {
		t.Errorf("audited as %+v, %v", last, err)
	}
	if err := receive(0); !errs.Is(err, errs.InvalidState) {
		t.Errorf("said after it completed: %v", err)
	}
}

func TestTheMerchantsWordComesTooLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	r.authorise(g)
	if err := r.store.Receive(t.Context(), shop, false, g.Reference, 0, payment.Received{By: "user:1"}, r.NewDueAt(), store.Meta{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Receive(t.Context(), r.load(g.Reference)); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	p := r.is(g.Reference, payment.Completed, "", "")
	if p.Received.By != "" || p.Payer.IBAN == "" || count(r.announced(g.Reference), "payment.completed") != 1 {
		t.Errorf("completed as %+v", p)
	}
}

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
		dead := r.process(func() { r.Touch(context.Background(), s) })
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
func TestOneThingPays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	rapid.Check(t, func(rt *rapid.T) {
		r.dieAt, r.between = 0, nil
		g := r.gateway(rapid.Bool().Draw(rt, "opened"))
		all := []string{g.Reference}
		// At the bank anything may happen to any session that somebody can reach.
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
					s, _, err := r.store.Scan(context.Background(), draft, g.Reference, store.Meta{})
					if err == nil && s.Sequence == 1 {
						r.Touch(context.Background(), s)
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

// A cancellation that we sent for a scan may come to light when the scan is gone: the payment can still be scanned.
func TestACancellationForAScanThatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s, err := r.scan(g, "anna")
	if err != nil {
		t.Fatal(err)
	}
	r.between = func() { // the scan runs out of time before the cancellation reaches the bank
		r.between = nil
		r.clock = s.ExpiresAt.Add(time.Second)
		r.is(r.Touch(t.Context(), s).Reference, payment.Failed, "", payment.FailureExpired)
	}
	// The answer never came back to us.
	if _, err := r.test.CancelPayment(t.Context(), r.load(g.Reference).ProviderID, g.Reference); err != nil {
		t.Fatal(err)
	}
	if p := r.load(g.Reference); p.Held() || p.OwnSession != payment.SessionClosing {
		t.Fatalf("held %v, its session is %s", p.Held(), p.OwnSession)
	}
	r.settle(time.Hour)
	if p := r.is(g.Reference, payment.PendingSCA, "", ""); p.OwnSession != payment.SessionClosed {
		t.Errorf("its session is %s", p.OwnSession)
	}
	r.authorise(r.mustScan(g, "bert"))
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
}

// The bank refuses the payer at the payment's own session while a customer has scanned it: the scan goes on.
func TestARefusalAtTheOwnSessionLeavesTheScan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s, err := r.scan(g, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.bank.Settle(r.own(g), sandbox.StateRejected, "insufficientFunds"); err != nil {
		t.Fatal(err)
	}
	r.Refresh(t.Context(), r.load(g.Reference), payment.CauseProvider)
	r.is(g.Reference, payment.PendingSCA, payment.DetailPayingByScan, "")
	r.authorise(r.Touch(t.Context(), s))
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
}

func TestAScanIsRequestedOnceByWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	s, err := r.scan(g, "anna")
	if err != nil {
		t.Fatal(err)
	}
	mark := func() bool {
		ok, err := r.store.MarkScanRequested(t.Context(), s.Reference, r.cfg.Lease)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if mark() {
		t.Fatal("requested before the session is closed")
	}
	if _, err := r.pool.Exec(t.Context(), `update payments set requested_at = now() where reference = $1`, s.Reference); err == nil {
		t.Error("the database lets a scan be requested before the session is closed")
	}
	r.closeSession(t.Context(), r.load(g.Reference))
	if !mark() || mark() {
		t.Error("not requested exactly once")
	}
	// Who saw it before it was requested must not end it: its provider payment may exist.
	if after := r.end(t.Context(), s, payment.Change{To: payment.Failed, Failure: payment.FailureExpired}); after.Status.Final() {
		t.Error("ended although it was requested")
	}
	if _, err := r.pool.Exec(t.Context(), `update payments set status = 'completed', completed_at = now(), due_at = null, own_session = 'closing' where reference = $1`, g.Reference); err == nil {
		t.Error("the database lets a held payment complete before its session is closed")
	}
}

// The bank that cannot cancel keeps the payer's page alive, so the scan gives way: with a stub, since the sandbox cancels
// whatever nobody opened.
func TestABankThatDoesNotCancelRefusesTheScan(t *testing.T) {
	for name, onCancel := range map[string]func(*powens.Payment) (powens.Cancellation, error){
		"not supported": func(*powens.Payment) (powens.Cancellation, error) {
			return powens.Cancellation{Outcome: powens.NotSupported}, nil
		},
		"refused while the payer is at the bank": func(p *powens.Payment) (powens.Cancellation, error) {
			p.State = powens.Validating
			return powens.Cancellation{}, &powens.Error{Op: "cancel payment", Status: 409, Code: "conflict"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			g := b.Request(t.Context(), b.recorded())
			b.bank.onCancel = onCancel
			due := b.NewDueAt()
			s, _, err := b.store.Scan(t.Context(), payment.Payment{
				Reference: "PAY-20260617-00000000000000AA", Kind: payment.KindPayment, MerchantID: g.MerchantID, Amount: g.Amount, Currency: g.Currency,
				Origin: payment.OriginScan, CustomerID: "anna", GatewayReference: g.Reference, ExecutionType: "instant", DueAt: &due, ExpiresAt: b.clock.Add(time.Hour),
			}, "r", store.Meta{})
			if err != nil {
				t.Fatal(err)
			}
			s = b.Touch(t.Context(), s)
			b.want(s, payment.Failed, "", payment.FailureInProgress)
			if p := b.load(); p.Held() || p.Proto().GetPaymentUrl() == "" {
				t.Errorf("held %v, URL %q", p.Held(), p.Proto().GetPaymentUrl())
			}
			b.bank.set(powens.Done)
			b.want(b.sweep(), payment.Completed, "", "")
			if b.bank.creates != 1 || b.events("payment.completed") != 1 {
				t.Errorf("%d provider payments", b.bank.creates)
			}
		})
	}
}
