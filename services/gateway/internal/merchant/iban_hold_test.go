package merchant_test

import (
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

// TestANewIBANWaitsAndItsOwnersAreTold: who had taken an account over sent its money elsewhere at once.
func TestANewIBANWaitsAndItsOwnersAreTold(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.IBANHold = 24 * time.Hour })
	m, _ := f.merchant(t, "shop@example.com")
	change := merchant.Change{IBAN: ptr(roomtest.OtherIBAN), BIC: ptr("COBADEFFXXX"), Name: ptr("New name")}
	got, err := f.Merchants.Update(t.Context(), "user:x", m.ID, change, roomtest.Home)
	if err != nil || got.IBAN != m.IBAN || got.BIC != m.BIC || got.Name != "New name" || got.NextIBAN != roomtest.OtherIBAN || got.NextBIC != "COBADEFFXXX" ||
		!got.NextAt.Equal(f.Clock.Now().Add(24*time.Hour)) {
		t.Fatalf("%+v, %v", got, err)
	}
	if to := f.MailsOf(t, notice.IBANChanging); !slices.Contains(to, "shop@example.com") {
		t.Errorf("told %v", to)
	}
	first := *got.NextAt
	f.Clock.Advance(time.Hour)
	if got, err = f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{IBAN: ptr(roomtest.OtherIBAN)}, roomtest.Home); err != nil || !got.NextAt.Equal(first) {
		t.Errorf("asked for again: %+v, %v", got, err)
	}
	f.Clock.Advance(23*time.Hour - time.Second)
	if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.Get(t.Context(), m.ID); err != nil || got.IBAN != m.IBAN {
		t.Errorf("a second too early: %+v, %v", got, err)
	}
	f.Clock.Advance(time.Second)
	version := got.Version
	for range 2 {
		if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, err = f.Merchants.Get(t.Context(), m.ID)
	if err != nil || got.IBAN != roomtest.OtherIBAN || got.NextAt != nil || got.Version != version+1 {
		t.Errorf("after the wait: %+v, %v", got, err)
	}
	if to := f.MailsOf(t, notice.IBANChanged); !slices.Contains(to, "shop@example.com") {
		t.Errorf("told %v", to)
	}
	if announced := f.Announced(t, m.ID); announced[len(announced)-1] != "merchant.updated" {
		t.Errorf("announced %v", announced)
	}
}

func TestAnOwnerStopsANewIBAN(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.IBANHold = time.Hour })
	m, _ := f.merchant(t, "shop@example.com")
	if _, err := f.Merchants.StopIBANChange(t.Context(), "user:x", m.ID, roomtest.Home); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("nothing waits: %v", err)
	}
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{IBAN: ptr(roomtest.OtherIBAN)}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.StopIBANChange(t.Context(), "user:y", m.ID, roomtest.Home); err != nil || got.NextAt != nil || got.IBAN != m.IBAN {
		t.Errorf("%+v, %v", got, err)
	}
	f.Clock.Advance(2 * time.Hour)
	if err := f.Merchants.MoveAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Merchants.Get(t.Context(), m.ID); err != nil || got.IBAN != m.IBAN {
		t.Errorf("it changed all the same: %+v, %v", got, err)
	}
	if audited := f.Audited(t, m.ID); audited[len(audited)-1] != "merchant.iban_change_stopped" {
		t.Errorf("audited %v", audited)
	}
	if to := f.MailsOf(t, notice.IBANStopped); len(to) == 0 {
		t.Error("nobody was told")
	}
}
