package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/config"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// host is the provider: it does what it is asked, and answers as the test wants.
type host struct {
	links    []powens.Link
	payments map[string]powens.Payment
	asked    []powens.LinkRequest
	revoked  []string
	// The next calls fail: lost does the work first, away does nothing.
	lost, away, refuses, revokeFails int
	// hidden: the list does not show the links yet.
	hidden bool
}

var errAway = &powens.Error{Op: "call", Ambiguous: true, Err: errors.New("no answer")}

func (h *host) CreateLink(_ context.Context, r powens.LinkRequest) (powens.Link, error) {
	h.asked = append(h.asked, r)
	switch {
	case h.away > 0:
		h.away--
		return powens.Link{}, errAway
	case h.refuses > 0:
		h.refuses--
		return powens.Link{}, &powens.Error{Status: 400, Code: "invalidValue"}
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(h.links)+1)
	h.links = append(h.links, powens.Link{ID: id, ReferenceID: r.ReferenceID, URL: "https://host.example/" + id, Amount: r.Amount})
	if h.lost > 0 {
		h.lost--
		return powens.Link{}, errAway
	}
	return h.links[len(h.links)-1], nil
}

func (h *host) FindLinks(_ context.Context, reference string) (found []powens.Link, err error) {
	for _, l := range h.links {
		if l.ReferenceID == reference && !h.hidden {
			found = append(found, l)
		}
	}
	return found, nil
}

func (h *host) find(id string) *powens.Link {
	for i := range h.links {
		if h.links[i].ID == id {
			return &h.links[i]
		}
	}
	return nil
}

func (h *host) GetLink(_ context.Context, id string) (powens.Link, error) {
	if l := h.find(id); l != nil {
		return *l, nil
	}
	return powens.Link{}, &powens.Error{Status: 404}
}

func (h *host) RevokeLink(_ context.Context, id string) error {
	if h.revokeFails > 0 {
		h.revokeFails--
		return errAway
	}
	h.revoked = append(h.revoked, id)
	return nil
}

func (h *host) GetPayment(_ context.Context, id string) (powens.Payment, error) {
	return h.payments[id], nil
}

func (h *host) CreatePayment(context.Context, powens.CreateRequest) (powens.Payment, error) {
	return powens.Payment{}, errors.New("no payment is asked for")
}

func (h *host) PaymentURL(context.Context, string, string) (string, error) {
	return "", errors.New("nobody needs it")
}

func (h *host) FindByReference(context.Context, string) ([]powens.Payment, error) { return nil, nil }

func (h *host) CancelPayment(context.Context, string, string) (powens.Cancellation, error) {
	return powens.Cancellation{}, errors.New("nothing is cancelled")
}

// attempts is a payer who tries to pay the link.
func (h *host) attempts(l *powens.Link, id string, state powens.State) {
	l.LastPaymentID, l.AttemptState = id, state
	h.payments[id] = powens.Payment{
		ID: id, State: state, ReferenceID: l.ReferenceID, Amount: l.Amount, Currency: "EUR", Payer: &powens.Account{IBAN: "FR7630006000011234567890189", Label: "ADA PAYER"},
	}
}

type banks struct{}

func (banks) Settlement(bool, string, string) payment.Settlement { return payment.SettlementUnknown }

func setupHosted(t *testing.T) (*rig, *host) {
	t.Helper()
	r := setup(t)
	h := &host{payments: map[string]powens.Payment{}}
	var cfg engine.Config
	if err := config.Parse(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	r.Test = h
	r.Engine = engine.New(cfg, r.Store, banks{}, nil, h, r.clock.Now, slog.New(slog.DiscardHandler))
	return r, h
}

// hosts makes a link that the provider hosts.
func (r *rig) hosts(t tester, change func(*Spec)) Link {
	t.Helper()
	s := Spec{MerchantID: shop, Amount: 2999, UsesMax: 1, Description: "Bicycle", Reference: "ORDER-1", Actor: "key:1"}
	if change != nil {
		change(&s)
	}
	merchant := &paymentsv1.Merchant{Id: shop, Name: "Shop", Iban: "FR1420041010050500013M02606"}
	h := Hosting{Reference: fmt.Sprintf("PAY-20260617-%016X", r.next.Add(1)), Merchant: merchant, Payer: payment.Identity{Kind: payment.Individual, FirstName: "Ada", LastName: "Payer"}}
	x, _, err := r.CreateHosted(context.Background(), s, h, store.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// passes lets time go by in steps, and does what is due.
func (r *rig) passes(t tester, d, step time.Duration) {
	t.Helper()
	for range d / step {
		r.clock.Advance(step)
		if _, err := r.hoster.loop.Once(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	r.settles(t)
}

func (r *rig) row(t tester, id string) hosted {
	t.Helper()
	_, w, err := r.readHosted(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAHostedLinkIsPaid(t *testing.T) {
	r, h := setupHosted(t)
	x := r.hosts(t, func(s *Spec) { s.SuccessURL = "https://shop.example/thanks" })
	if x.URL != h.links[0].URL || x.Status != Active || x.Detail != "" || x.Slug != "" {
		t.Fatalf("the link is %+v", x)
	}
	asked := h.asked[0]
	if asked.Amount != 2999 || asked.Beneficiary.IBAN != "FR1420041010050500013M02606" || asked.PayerIdentity.FirstName != "Ada" || asked.RedirectURI != x.SuccessURL ||
		asked.RedirectState != asked.ReferenceID || asked.ExecutionType != powens.Instant {
		t.Errorf("asked for %+v", asked)
	}
	h.attempts(&h.links[0], "7", powens.Rejected) // the first try fails: the payer may try again
	r.passes(t, time.Minute, 15*time.Second)
	if got := r.get(t, x.ID); got.Status != Active || got.UsesOpen != 0 {
		t.Errorf("after a failure: %+v", got)
	}
	h.attempts(&h.links[0], "8", powens.Done)
	r.passes(t, 2*time.Minute, 15*time.Second)
	r.passes(t, time.Hour, 10*time.Minute) // nothing more comes of it
	after := r.get(t, x.ID)
	if after.Status != Paid || after.UsesPaid != 1 || after.AmountPaid != 2999 {
		t.Errorf("the link is %+v", after)
	}
	list, total, err := r.Store.List(t.Context(), store.Filter{MerchantID: shop, PaymentLinkID: x.ID}, 10, 0)
	if err != nil || total.Rows != 1 || list[0].Status != payment.Completed || list[0].ProviderID != "8" || list[0].Payer.IBAN == "" || list[0].Reference != asked.ReferenceID ||
		list[0].MerchantReference != "ORDER-1" {
		t.Errorf("its payments: %+v, %v", list, err)
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.paid " + asked.ReferenceID}) {
		t.Errorf("announced %v", got)
	}
	if w := r.row(t, x.ID); w.Step != ended || w.DueAt != nil || w.Payer.Identity.Known() {
		t.Errorf("the row is %+v", w)
	}
	_, _, err = r.pay(x.ID, 0)
	r.mustRefuse(t, "a hosted link at our page", err, errs.NotFoundCode)
}

// TestALostAnswerMakesNoSecondLink: the provider has no idempotent create.
func TestALostAnswerMakesNoSecondLink(t *testing.T) {
	r, h := setupHosted(t)
	h.lost = 1
	x := r.hosts(t, nil)
	if x.URL != "" || x.Detail != detailCreating {
		t.Fatalf("the link is %+v", x)
	}
	r.passes(t, 5*time.Second, time.Second)
	if got := r.get(t, x.ID); len(h.links) != 1 || len(h.asked) != 1 || got.URL != h.links[0].URL || got.Detail != "" {
		t.Errorf("%d links, the link is %+v", len(h.links), got)
	}
}

// TestALinkThatNeverCameToBeIsRequestedAgain, and one that shows up late is revoked.
func TestALinkThatNeverCameToBeIsRequestedAgain(t *testing.T) {
	r, h := setupHosted(t)
	h.lost, h.hidden = 1, true // it is there, and its list does not show it
	x := r.hosts(t, nil)
	r.passes(t, 50*time.Second, time.Second)
	if len(h.asked) != 1 {
		t.Fatalf("asked %d times within the window", len(h.asked))
	}
	h.lost = 1
	r.passes(t, 40*time.Second, time.Second)
	if len(h.asked) != 2 {
		t.Fatalf("asked %d times", len(h.asked))
	}
	h.hidden = false
	r.passes(t, 20*time.Second, time.Second)
	if got := r.get(t, x.ID); got.URL != h.links[0].URL || !slices.Equal(h.revoked, []string{h.links[1].ID}) {
		t.Errorf("the link is %+v; revoked %v", got, h.revoked)
	}
}

func TestARevocationIsRepeatedUntilItIsKnown(t *testing.T) {
	r, h := setupHosted(t)
	x := r.hosts(t, nil)
	h.revokeFails = 3
	after, err := r.Revoke(t.Context(), shop, false, x.ID, "key:1")
	if err != nil || after.Status != Revoked || after.Detail != detailRevoking {
		t.Fatalf("%+v, %v", after, err)
	}
	r.passes(t, 30*time.Second, time.Second)
	if got := r.get(t, x.ID); len(h.revoked) != 1 || got.Detail != "" || r.row(t, x.ID).Step != ended {
		t.Errorf("revoked %v, the link is %+v", h.revoked, got)
	}
}

// TestAPayerWhoIsAtTheBankMayFinish: the link is revoked, and its money comes.
func TestAPayerWhoIsAtTheBankMayFinish(t *testing.T) {
	r, h := setupHosted(t)
	x := r.hosts(t, nil)
	h.attempts(&h.links[0], "7", powens.Validating)
	if _, err := r.Revoke(t.Context(), shop, false, x.ID, "key:1"); err != nil {
		t.Fatal(err)
	}
	r.passes(t, time.Minute, time.Second)
	if w := r.row(t, x.ID); w.Step != revoking || len(h.revoked) != 1 {
		t.Fatalf("the row is %+v, revoked %v", w, h.revoked)
	}
	h.attempts(&h.links[0], "7", powens.Done)
	r.passes(t, 10*time.Minute, 30*time.Second)
	if got := r.get(t, x.ID); got.Status != Paid || got.AmountPaid != money.Cents(2999) || got.Detail != "" {
		t.Errorf("the link is %+v", got)
	}
}

func TestAHostedLinkExpires(t *testing.T) {
	r, h := setupHosted(t)
	end := r.clock.Now().Add(10 * time.Minute)
	x := r.hosts(t, func(s *Spec) { s.ExpiresAt = &end })
	r.passes(t, 10*time.Minute, 5*time.Second)
	r.passes(t, time.Minute, 5*time.Second)
	if got := r.get(t, x.ID); got.Status != Expired || got.ExpiredAt.Sub(end) > 10*time.Second || len(h.revoked) != 1 {
		t.Errorf("the link is %+v, revoked %v", got, h.revoked)
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.expired "}) {
		t.Errorf("announced %v", got)
	}
}

func TestALinkThatTheProviderRefusesEnds(t *testing.T) {
	r, h := setupHosted(t)
	h.refuses = 1
	x := r.hosts(t, nil)
	if x.Status != Revoked || x.Detail != detailRefused || r.row(t, x.ID).Step != ended {
		t.Errorf("the link is %+v", x)
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.revoked "}) {
		t.Errorf("announced %v", got)
	}
}

// TestALinkThatVanishesEnds: it is not at the provider, nor in its list.
func TestALinkThatVanishesEnds(t *testing.T) {
	r, h := setupHosted(t)
	x := r.hosts(t, nil)
	h.links = nil
	r.passes(t, time.Minute, 5*time.Second)
	if got := r.get(t, x.ID); got.Status != Revoked {
		t.Errorf("the link is %+v", got)
	}
}
