package enrol

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

// owner returns the merchant that has claimed a SIRET; empty if none has.
func (f *fixture) owner(siret string) string {
	f.t.Helper()
	var merchant string
	err := f.pool.QueryRow(context.Background(), `select coalesce((select merchant_id from siret_claims where siret = $1), '')`, siret).Scan(&merchant)
	if err != nil {
		f.t.Fatal(err)
	}
	return merchant
}

func TestASIRETIsEnrolledByOneMerchantInLiveMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	for range 2 {
		_, err := f.Enroll(t.Context(), "m_2", true, invoicetest.Settings(), nil)
		if e := wantCode(t, err, errs.AlreadyExists); !strings.Contains(e.Message, "12345678200010") || !strings.Contains(e.Action, "support") || strings.Contains(e.Message+e.Action, "m_1") {
			t.Errorf("%+v", e)
		}
	}
	_, err := Read(t.Context(), f.pool, "m_2", true)
	wantCode(t, err, errs.NotEnrolled)
	if len(f.platform.clients) != 1 {
		t.Errorf("the platform was asked for %v", f.platform.clients)
	}
	f.enrols() // its own is no obstacle
	if _, err := f.Enroll(t.Context(), "m_2", true, other(), nil); err != nil {
		t.Fatal(err)
	}
	_, err = f.UpdateSettings(t.Context(), "m_2", true, invoicetest.Settings())
	wantCode(t, err, errs.InvalidState) // the mandate of another SIREN
}

func TestASIRETMayBeAnybodysInTestMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Platforms[false] = newFake()
	f.enrols()
	for _, merchant := range []string{"m_1", "m_2", "m_3"} {
		if _, err := f.Enroll(t.Context(), merchant, false, invoicetest.Settings(), nil); err != nil {
			t.Errorf("%s: %v", merchant, err)
		}
	}
}

func TestASIRETThatWasGivenUpIsFree(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	moved := invoicetest.Settings()
	moved.SIRET = "12345678200028" // another establishment
	if _, err := f.Enroll(t.Context(), "m_2", true, moved, nil); err != nil {
		t.Fatal(err)
	}
	_, err := f.UpdateSettings(t.Context(), "m_1", true, moved)
	wantCode(t, err, errs.AlreadyExists)
	if got := f.read().Settings.SIRET; got != "12345678200010" {
		t.Errorf("it changed to %s", got)
	}
	third := invoicetest.Settings()
	third.SIRET = "12345678200036"
	if _, err := f.UpdateSettings(t.Context(), "m_2", true, third); err != nil {
		t.Fatal(err)
	}
	if _, err := f.UpdateSettings(t.Context(), "m_1", true, moved); err != nil {
		t.Fatal(err)
	}
	if f.owner("12345678200010") != "" || f.owner(moved.SIRET) != "m_1" || f.owner(third.SIRET) != "m_2" {
		t.Errorf("they belong to %q, %q, %q", f.owner("12345678200010"), f.owner(moved.SIRET), f.owner(third.SIRET))
	}
}

func TestOfTenMerchantsAtOnceOneGetsTheSIRET(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var callers sync.WaitGroup
	var enrolled atomic.Int32
	for n := range 10 {
		callers.Go(func() {
			_, err := f.Enroll(context.Background(), fmt.Sprint("m_", n), true, invoicetest.Settings(), nil)
			if err == nil {
				enrolled.Add(1)
			} else if !errs.Is(err, errs.AlreadyExists) {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	var rows int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from enrolments`).Scan(&rows); err != nil || rows != 1 || enrolled.Load() != 1 {
		t.Errorf("%d are enrolled, %d were told so, %v", rows, enrolled.Load(), err)
	}
}

// Enrolments from before a SIRET had one owner: the migration must not fail on them, and they must go on.
func TestMerchantsThatShareASIRETFromBeforeGoOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	f.exec(`insert into enrolments (merchant_id, livemode, settings, code, due_at, created_at, updated_at)
		select other, mode, settings, upper(other) || 'XXX', 'infinity', created_at + age, updated_at
		from enrolments, (values ('old', interval '-1 day', true), ('new', '1 day', true), ('tst', '-2 days', false)) v (other, age, mode)`)
	f.exec(`insert into enrolments (merchant_id, livemode, settings, code, due_at, created_at, updated_at)
		values ('none', true, '{}', 'NONEXX', 'infinity', now(), now())`)
	f.exec(`drop table siret_claims`)
	up, err := fs.ReadFile(migrations.FS, "0050_siret_claims.sql")
	if err != nil {
		t.Fatal(err)
	}
	f.exec(string(up))
	if got := f.owner("12345678200010"); got != "old" {
		t.Errorf("it belongs to %q", got)
	}
	renamed := invoicetest.Settings()
	renamed.TradingName = "Le Nouveau Canal"
	for _, merchant := range []string{"old", "m_1", "new"} {
		if _, err := f.UpdateSettings(t.Context(), merchant, true, renamed); err != nil {
			t.Errorf("%s: %v", merchant, err)
		}
	}
	f.platform.becomes(platform.MandateActive)
	f.sweepNext()
	if !f.read().Ready() || f.owner("12345678200010") != "old" {
		t.Errorf("%+v; it belongs to %q", f.read(), f.owner("12345678200010"))
	}
	_, err = f.Enroll(t.Context(), "m_4", true, invoicetest.Settings(), nil)
	wantCode(t, err, errs.AlreadyExists)
}
