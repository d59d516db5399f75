package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// nothing is a create whose answer is lost and whose effect is not visible yet.
func nothing(func() powens.Payment) (powens.Payment, error) { return powens.Payment{}, lost }

func TestOneLostCreateLeftACheckoutWithoutAURLForAMinute(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = nothing
	start := b.clock
	b.Request(t.Context(), b.recorded())
	b.bank.onCreate = nil
	looks := 0
	for ; b.load().PaymentURL == ""; looks++ {
		if looks == 4 {
			t.Fatal("four looks and still no URL")
		}
		b.clock = b.clock.Add(b.cfg.SweepEvery) // the sweeper may be late by one round
		b.sweep()
	}
	b.want(b.load(), payment.PendingSCA, "", "")
	if took := b.clock.Sub(start); took >= 4*time.Second {
		t.Errorf("the payer waits for %s", took)
	}
	if looks < 2 || b.bank.creates != 2 {
		t.Errorf("%d creates after %d look-ups", b.bank.creates, looks)
	}
}

func TestASecondLostCreateIsLookedUpForTheWholeWindow(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = nothing
	b.Request(t.Context(), b.recorded())
	for b.bank.creates == 1 {
		b.sweep()
	}
	again := b.clock
	b.bank.onCreate = nil
	for b.bank.creates == 2 {
		b.sweep()
	}
	if waited := b.clock.Sub(again); waited < b.cfg.LookupWindow {
		t.Errorf("created a third time after %s", waited)
	}
}

func TestALostRefundIsNotSentAgainWithinSeconds(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Done, func(p *powens.Payment) { p.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "P"} })
	b.Refresh(t.Context(), p, payment.CauseProvider)
	refund := b.refund(t, p)
	b.bank.onCreate = nothing
	start, creates := b.clock, b.bank.creates
	b.Request(t.Context(), refund)
	b.bank.onCreate = nil
	for b.bank.creates == creates+1 {
		b.sweepOf(refund.Reference)
	}
	if waited := b.clock.Sub(start); waited < b.cfg.LookupWindow {
		t.Errorf("the money was sent again after %s: the bank may still execute the first request", waited)
	}
}

func TestADuplicateThatAppearsLaterIsCancelled(t *testing.T) {
	for _, how := range []string{"by a hint", "by the reconciler"} {
		t.Run(how, func(t *testing.T) {
			b := setup(t)
			var late func() powens.Payment
			b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
				late = create
				return powens.Payment{}, lost
			}
			b.Request(t.Context(), b.recorded())
			b.bank.onCreate = nil
			for b.load().PaymentURL == "" {
				b.sweep()
			}
			kept := b.load().ProviderID
			loser := late().ID // the bank took its time
			if how == "by a hint" {
				if _, err := b.Adopt(t.Context(), false, loser); err != nil {
					t.Fatal(err)
				}
			} else {
				b.sweep()
			}
			if p := b.load(); p.ProviderID != kept || !slices.Equal(b.bank.cancels, []string{loser}) {
				t.Errorf("kept %s of %s, cancelled %v of %s", p.ProviderID, kept, b.bank.cancels, loser)
			}
			b.want(b.load(), payment.PendingSCA, "", "")
		})
	}
}

func TestAHintThatCameBeforeTheOpeningWasDropped(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		create()
		return powens.Payment{}, lost // the answer is still on its way
	}
	b.recorded()
	if _, err := b.bank.CreatePayment(t.Context(), createRequest(b.load())); err == nil {
		t.Fatal("the answer came")
	}
	b.bank.set(powens.Validating)
	p, err := b.Adopt(t.Context(), false, "1000")
	if err != nil {
		t.Fatal(err)
	}
	b.want(p, payment.PendingSCA, payment.DetailAuthorising, "")
	if p.ProviderID != "1000" || p.PaymentURL == "" || b.bank.creates != 1 {
		t.Errorf("opened as %s with URL %q after %d creates", p.ProviderID, p.PaymentURL, b.bank.creates)
	}
	if _, err := b.Adopt(t.Context(), true, "1000"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a hint of the other mode: %v", err)
	}
}
