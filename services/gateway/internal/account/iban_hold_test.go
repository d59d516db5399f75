package account

import (
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

const otherIBAN = "DE89370400440532013000"

func (f *fixture) mailsOf(t *testing.T, kind string) (to []string) {
	t.Helper()
	err := f.pool.QueryRow(t.Context(), `select coalesce(array_agg(recipient order by recipient), '{}') from mails where kind = $1`, kind).Scan(&to)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestANewIBANWaitsAndItsOwnersAreTold: who had taken an account over sent its money elsewhere at once.
func TestANewIBANWaitsAndItsOwnersAreTold(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Merchants.hold = 24 * time.Hour
	m, _ := f.merchant(t, "shop@example.com")
	change := MerchantChange{IBAN: ptr(otherIBAN), BIC: ptr("COBADEFFXXX"), Name: ptr("New name")}
	got, err := f.Merchants.Update(t.Context(), "user:x", m.ID, change, home)
	if err != nil || got.IBAN != m.IBAN || got.BIC != m.BIC || got.Name != "New name" || got.NextIBAN != otherIBAN || got.NextBIC != "COBADEFFXXX" ||
		!got.NextAt.Equal(f.clock.Now().Add(24*time.Hour)) {
		t.Fatalf("%+v, %v", got, err)
	}
	if to := f.mailsOf(t, mailIBANChanging); !slices.Contains(to, "shop@example.com") {
		t.Errorf("told %v", to)
	}
	first := *got.NextAt
	f.clock.Advance(time.Hour)
	if got, err = f.Merchants.Update(t.Context(), "user:x", m.ID, MerchantChange{IBAN: ptr(otherIBAN)}, home); err != nil || !got.NextAt.Equal(first) {
		t.Errorf("asked for again: %+v, %v", got, err)
	}
	f.clock.Advance(23*time.Hour - time.Second)
	if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.Get(t.Context(), m.ID); err != nil || got.IBAN != m.IBAN {
		t.Errorf("a second too early: %+v, %v", got, err)
	}
	f.clock.Advance(time.Second)
	version := got.Version
	for range 2 {
		if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, err = f.Merchants.Get(t.Context(), m.ID)
	if err != nil || got.IBAN != otherIBAN || got.NextAt != nil || got.Version != version+1 {
		t.Errorf("after the wait: %+v, %v", got, err)
	}
	if to := f.mailsOf(t, mailIBANChanged); !slices.Contains(to, "shop@example.com") {
		t.Errorf("told %v", to)
	}
	if announced := f.announced(t, m.ID); announced[len(announced)-1] != "merchant.updated" {
		t.Errorf("announced %v", announced)
	}
}

func TestAnOwnerStopsANewIBAN(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Merchants.hold = time.Hour
	m, _ := f.merchant(t, "shop@example.com")
	if _, err := f.Merchants.StopIBANChange(t.Context(), "user:x", m.ID, home); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("nothing waits: %v", err)
	}
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, MerchantChange{IBAN: ptr(otherIBAN)}, home); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.StopIBANChange(t.Context(), "user:y", m.ID, home); err != nil || got.NextAt != nil || got.IBAN != m.IBAN {
		t.Errorf("%+v, %v", got, err)
	}
	f.clock.Advance(2 * time.Hour)
	if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.Get(t.Context(), m.ID); err != nil || got.IBAN != m.IBAN {
		t.Errorf("it changed all the same: %+v, %v", got, err)
	}
	if audited := f.audited(t, m.ID); audited[len(audited)-1] != "merchant.iban_change_stopped" {
		t.Errorf("audited %v", audited)
	}
	if to := f.mailsOf(t, mailIBANStopped); len(to) == 0 {
		t.Error("nobody was told")
	}
}
