package engine

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func TestAnUnpaidPaymentExpires(t *testing.T) {
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

func TestThePayerAuthorisesBeforeTheScan(t *testing.T) {
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

func TestAnUnrequestedSessionIsClosedWithoutACallToTheBank(t *testing.T) {
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

// A cancellation that we sent for a scan may come to light when the scan is gone: the payment can still be scanned.
func TestACancellationSeenAfterTheScanEndedLeavesThePaymentScannable(t *testing.T) {
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
		r.is(r.Process(t.Context(), s).Reference, payment.Failed, "", payment.FailureExpired)
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
func TestARejectionAtTheOwnSessionDoesNotEndTheScan(t *testing.T) {
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
	r.authorise(r.Process(t.Context(), s))
	r.settle(time.Hour)
	r.is(g.Reference, payment.Completed, "", "")
}

// A bank that cannot cancel keeps the payer's page open, so the scan fails: with a stub, because the sandbox cancels
// every session that was not opened.
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
			}, "r", store.Idempotency{}, store.Meta{})
			if err != nil {
				t.Fatal(err)
			}
			s = b.Process(t.Context(), s)
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
