package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
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
	if atBank.PayerIBAN != customerIBAN || atBank.BeneficiaryIBAN != g.Beneficiary.IBAN || atBank.Cents != int64(g.Amount) || atBank.Label != "Order 1042 - "+g.Reference[13:] {
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
	if err != nil || total.Rows != 1 || list[0].Reference != g.Reference {
		t.Errorf("listed %d, %v", total.Rows, err)
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
	again, match, err := r.store.Scan(t.Context(), r.scanOf(g, "anna"), "request-"+g.Reference, store.Idempotency{}, store.Meta{})
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
		if _, _, err := r.store.Scan(t.Context(), other, name, store.Idempotency{}, store.Meta{}); !errs.Is(err, errs.InvalidState) {
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
		if _, _, err := r.store.Scan(t.Context(), other, name, store.Idempotency{}, store.Meta{}); err == nil || errs.Is(err, errs.InvalidState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyOfACustomerRefersToOneScan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := r.gateway(true)
	scan := func(g payment.Payment, key, what string) (payment.Payment, store.Match, error) {
		return r.store.Scan(t.Context(), r.scanOf(g, "anna"), "request-"+g.Reference, store.Idempotency{Key: key, Fingerprint: []byte(what)}, store.Meta{})
	}
	first, match, err := scan(g, "k1", "a")
	if err != nil || match != store.NoMatch {
		t.Fatalf("%s, %v", match, err)
	}
	if again, match, err := scan(g, "k1", "a"); err != nil || match != store.ByKey || again.Reference != first.Reference {
		t.Errorf("again: %s, %s, %v", again.Reference, match, err)
	}
	if _, _, err := scan(g, "k1", "b"); !errors.Is(err, store.ErrKeyReused) {
		t.Errorf("another request: %v", err)
	}
	// Another key finds the payment by its code, and refers to it from then on.
	for _, want := range []store.Match{store.ByReference, store.ByKey} {
		if again, match, err := scan(g, "k2", "a"); err != nil || match != want || again.Reference != first.Reference {
			t.Errorf("another key: %s, %s, %v", again.Reference, match, err)
		}
	}
	// A scan that is refused does not use up its key.
	other := r.gateway(true)
	other.Amount++
	if _, _, err := scan(other, "k3", "a"); !errs.Is(err, errs.InvalidState) {
		t.Errorf("another amount: %v", err)
	}
	other.Amount--
	if _, match, err := scan(other, "k3", "b"); err != nil || match != store.NoMatch {
		t.Errorf("then: %s, %v", match, err)
	}
}

func TestAFailedScanReleasesThePaymentForTheNext(t *testing.T) {
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

func TestTheMerchantsConfirmationCompletesThePayment(t *testing.T) {
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

func TestTheMerchantsConfirmationComesTooLate(t *testing.T) {
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
	// A worker that read it before it was requested must not end it: its provider payment may exist.
	if after := r.end(t.Context(), s, payment.Change{To: payment.Failed, Failure: payment.FailureExpired}); after.Status.Final() {
		t.Error("ended although it was requested")
	}
	if _, err := r.pool.Exec(t.Context(), `update payments set status = 'completed', completed_at = now(), due_at = null, own_session = 'closing' where reference = $1`, g.Reference); err == nil {
		t.Error("the database lets a held payment complete before its session is closed")
	}
}
