package bank

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/migrations"
)

// provider lists the banks of each country, unless it is away.
type provider struct {
	byCountry map[string][]powens.Bank
	away      bool
	asked     int
}

func (p *provider) Banks(_ context.Context, country string) ([]powens.Bank, error) {
	p.asked++
	if p.away {
		return nil, errors.New("away")
	}
	return p.byCountry[country], nil
}

const nowhere, snail, shrug = "5a0d0b01-0001-5b0c-8000-000000000001", "5a0d0b01-0005-5b0c-8000-000000000005", "5a0d0b01-0002-5b0c-8000-000000000002"

func banksOf() map[string][]powens.Bank {
	all := []string{"instant", "first_open_day", "deferred"}
	open := powens.Bank{ID: nowhere, Name: "Bank of Nowhere", Kinds: all, Minimum: map[string]money.Cents{"instant": 100}, EarliestDays: 2, LatestDays: 30}
	return map[string][]powens.Bank{
		"FR": {open, {ID: snail, Name: "Ecureuil d\u2019Épargne", Kinds: []string{"first_open_day", "teleport"}}, {ID: shrug, Name: "Crédit du Shrug", Kinds: all, Partial: []string{"instant"}}},
		"BE": {open},
	}
}

type rig struct {
	t *testing.T
	*Directory
	provider *provider
	clock    *testclock.Clock
}

func setup(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	r := &rig{t: t, provider: &provider{byCountry: banksOf()}, clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	r.Directory = New(Deps{Pool: pool, Test: r.provider, Countries: []string{"FR", "BE"}, Now: r.clock.Now, Log: slog.New(slog.DiscardHandler)})
	return r
}

func (r *rig) refresh() {
	r.t.Helper()
	if err := r.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// names are the banks that a filter leaves.
func (r *rig) names(f Filter) string {
	r.t.Helper()
	f.Page, f.Limit = max(f.Page, 1), max(f.Limit, 10)
	list, _, _, err := r.List(false, f)
	if err != nil {
		return err.Error()
	}
	var names []string
	for _, b := range list {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

func TestBanksAreListedByNameAndChosenByWhatTheyCan(t *testing.T) {
	r := setup(t)
	r.refresh()
	for want, f := range map[string]Filter{
		"Bank of Nowhere, Crédit du Shrug, Ecureuil d\u2019Épargne": {},
		"Bank of Nowhere":                  {Country: "BE"},
		"Crédit du Shrug":                  {Search: "CREDIT"},
		"Ecureuil d\u2019Épargne":          {Search: "d'epargne"},
		"Bank of Nowhere, Crédit du Shrug": {Want: Want{Kind: "instant", Amount: 100}},
		"":                                 {Want: Want{Kind: "periodic"}},
	} {
		if got := r.names(f); got != want {
			t.Errorf("%+v leaves %q, want %q", f, got, want)
		}
	}
	if got := r.names(Filter{Want: Want{Kind: "instant", Amount: 99}}); got != "Crédit du Shrug" {
		t.Errorf("99 cents leave %q", got)
	}
	all, err := NewServer(r.Directory).ListBanks(t.Context(), &paymentsv1.ListBanksRequest{ExecutionType: "instant", AmountCents: 99, WithIncompatible: true, Limit: 10})
	if err != nil || all.GetTotal() != 3 || !strings.Contains(all.GetBanks()[0].GetIncompatible(), "from 1.00 EUR") ||
		all.GetBanks()[1].GetIncompatible() != "" || !strings.Contains(all.GetBanks()[2].GetIncompatible(), "no instant transfers") {
		t.Errorf("with those that do not fit: %v, %v", all, err)
	}
	page, total, _, err := r.List(false, Filter{Page: 2, Limit: 2})
	if err != nil || total != 3 || len(page) != 1 || page[0].ID != snail {
		t.Errorf("page 2: %v %d %v", page, total, err)
	}
	if _, _, _, err := r.List(true, Filter{Page: 1, Limit: 1}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a mode without a provider has a list: %v", err)
	}
}

func TestTheListOutlivesTheProvider(t *testing.T) {
	r := setup(t)
	r.provider.away = true
	r.refresh()
	if got := r.names(Filter{}); !strings.Contains(got, "not known yet") {
		t.Errorf("without an answer there is %q", got)
	}
	r.provider.away = false
	r.clock.Advance(afterFailure)
	r.refresh()
	asked := r.provider.asked
	r.clock.Advance(lookEvery)
	r.refresh()
	if r.provider.asked != asked {
		t.Error("the provider is asked again at once")
	}
	r.provider.away = true
	r.clock.Advance(refreshEvery)
	r.refresh()
	other := New(r.Deps)
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := other.Find(false, strings.ToUpper(nowhere)); err != nil || len(b.Countries) != 2 {
		t.Errorf("another replica knows %+v, %v", b, err)
	}
	r.provider.away, r.provider.byCountry = false, map[string][]powens.Bank{}
	r.clock.Advance(refreshEvery)
	r.refresh()
	if got := r.names(Filter{Country: "BE"}); got != "Bank of Nowhere" {
		t.Errorf("an empty list replaced the banks: %q", got)
	}
	r.provider.byCountry = map[string][]powens.Bank{"FR": {{ID: snail, Name: "Snail", Kinds: []string{"instant"}}}}
	r.clock.Advance(refreshEvery)
	r.refresh()
	if got := r.names(Filter{}); got != "Snail" {
		t.Errorf("a new list does not replace the old one: %q", got)
	}
}

func TestABankThatDoesNotFitSaysWhy(t *testing.T) {
	r := setup(t)
	r.refresh()
	for want, w := range map[string]struct {
		id string
		Want
	}{
		"makes no instant transfers": {snail, Want{Kind: "instant"}},
		"from 1.00 EUR":              {nowhere, Want{Kind: "instant", Amount: 99}},
		"needs 2 days":               {nowhere, Want{Kind: "deferred", Ahead: 1}},
		"at most 30 days ahead":      {nowhere, Want{Kind: "deferred", Ahead: 31}},
	} {
		_, err := r.Fit(false, w.id, w.Want)
		if !errs.Is(err, errs.BankIncompatible) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", w, err, want)
		}
	}
	got := make(map[string]payment.Settlement)
	for _, id := range []string{nowhere, shrug} {
		s, err := r.Fit(false, id, Want{Kind: "instant", Amount: 100})
		if err != nil {
			t.Error(err)
		}
		got[id] = s
	}
	if !maps.Equal(got, map[string]payment.Settlement{nowhere: payment.Tracked, shrug: payment.Untracked}) {
		t.Errorf("settlements: %v", got)
	}
	if _, err := r.Fit(false, "5a0d0b01-0009-5b0c-8000-000000000009", Want{Kind: "instant"}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("an unknown bank: %v", err)
	}
}
