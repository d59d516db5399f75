package enrol

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestNobodyIsEnrolledBeforeEnrolling(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := Read(t.Context(), f.pool, "m_1", true)
	e := wantCode(t, err, errs.NotEnrolled)
	if e.Message != "E-invoicing is not enabled for this account." ||
		e.Action != "Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll" {
		t.Errorf("%+v", e)
	}
	if _, is, err := f.Current(t.Context(), "m_1", true); is || err != nil {
		t.Error(is, err)
	}
	_, err = f.Link(t.Context(), "m_1", true)
	wantCode(t, err, errs.NotEnrolled)
	_, err = f.UpdateSettings(t.Context(), "m_1", true, invoicetest.Settings())
	wantCode(t, err, errs.NotEnrolled)
	_, err = f.Refresh(t.Context(), "m_1", true)
	wantCode(t, err, errs.NotEnrolled)
	if err := f.SetLogo(t.Context(), "m_1", picture(t, 1, 1)); err != nil {
		t.Error(err)
	}
}

func TestEnrolling(t *testing.T) {
	t.Parallel()
	f := setup(t)
	logo := picture(t, 10, 10)
	e, err := f.Enroll(t.Context(), "m_1", true, invoicetest.Settings(), logo)
	if err != nil {
		t.Fatal(err)
	}
	if e.Code != invoice.Code("m_1") || e.ClientID != "cli_1" || e.MandateID != "mdt_1" || e.Status() != platform.MandatePending || e.Ready() ||
		!reflect.DeepEqual(e.Settings, invoicetest.Settings()) || !e.CreatedAt.Equal(f.clock.Now()) {
		t.Errorf("%+v", e)
	}
	if f.platform.clients["m_1-live"] != "cli_1" {
		t.Errorf("clients %v", f.platform.clients)
	}
	// In Paris the next day has begun.
	if want := (platform.MandateRequest{Ref: "m_1-live-123456782", SIREN: "123456782", Start: "2026-11-21"}); f.platform.requests[0] != want {
		t.Errorf("asked for %+v", f.platform.requests[0])
	}
	if got, err := Logo(t.Context(), f.pool, "m_1", true); err != nil || !bytes.Equal(got, logo) {
		t.Error("the logo is another", err)
	}
}

func TestInvalidSettingsAreNotEnrolled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.Enroll(t.Context(), "m_1", true, invoice.Settings{}, nil)
	wantCode(t, err, errs.ValidationError)
	_, err = f.Enroll(t.Context(), "m_1", true, invoicetest.Settings(), []byte("<svg/>"))
	wantCode(t, err, errs.ValidationError)
	_, err = f.Enroll(t.Context(), "m_1", false, invoicetest.Settings(), nil)
	wantCode(t, err, errs.TestNotConfigured)
	if _, is, err := f.Current(t.Context(), "m_1", true); is || err != nil {
		t.Error(is, err)
	}
	f.enrols()
	bad := invoicetest.Settings()
	bad.SIRET = "12345678200011"
	_, err = f.UpdateSettings(t.Context(), "m_1", true, bad)
	wantCode(t, err, errs.ValidationError)
	if got := f.read().Settings; !reflect.DeepEqual(got, invoicetest.Settings()) {
		t.Errorf("%+v", got)
	}
}

func TestNumberCodesAreUnique(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for n := range 3 { // others have the first ones
		f.exec(`insert into enrolments (merchant_id, livemode, settings, code, due_at, created_at, updated_at) values ($1, true, '{}', $2, 'infinity', now(), now())`,
			fmt.Sprint("other_", n), numberCode("m_1", n))
	}
	e := f.enrols()
	if e.Code != numberCode("m_1", 3) || e.Code == invoice.Code("m_1") {
		t.Errorf("got %s", e.Code)
	}
	if again := f.enrols(); again.Code != e.Code {
		t.Errorf("it changed to %s", again.Code)
	}
	f.exec(`insert into enrolments (merchant_id, livemode, settings, code, due_at, created_at, updated_at)
		select 'full_' || code, true, '{}', code, 'infinity', now(), now() from unnest($1::text[]) code`, func() (all []string) {
		for n := range maxCodeAttempts {
			all = append(all, numberCode("m_2", n))
		}
		return all
	}())
	if _, err := f.Enroll(t.Context(), "m_2", true, invoicetest.Settings(), nil); err == nil {
		t.Error("there was no code left")
	}
}

func TestTenCallsAtOnceMakeOneClientAndOneMandate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			if _, err := f.Enroll(context.Background(), "m_1", true, invoicetest.Settings(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if len(f.platform.clients) != 1 || f.platform.count("client") != 1 || f.platform.count("mandate") != 1 {
		t.Errorf("calls %v", f.platform.calls)
	}
	f.wants(platform.MandatePending)
}

func TestEnrollingAgainChangesTheSettingsAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	logo := picture(t, 3, 3)
	first, err := f.Enroll(t.Context(), "m_1", true, invoicetest.Settings(), logo)
	if err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(minInterval)
	moved := invoicetest.Settings()
	moved.SIRET, moved.Footer = "12345678200028", "Merci"
	again, err := f.Enroll(t.Context(), "m_1", true, moved, nil)
	if err != nil {
		t.Fatal(err)
	}
	first.Settings = moved
	if !reflect.DeepEqual(again, first) {
		t.Errorf("got  %+v\nwant %+v", again, first)
	}
	if got, err := Logo(t.Context(), f.pool, "m_1", true); err != nil || !bytes.Equal(got, logo) {
		t.Error("the logo is gone", err)
	}
	if f.platform.count("client") != 1 || f.platform.count("mandate") != 1 {
		t.Errorf("calls %v", f.platform.calls)
	}
}

// other are the settings of another company.
func other() invoice.Settings {
	s := invoicetest.Settings()
	s.SIRET, s.VATNumber = "98765432400019", "FR14987654324"
	return s
}

func TestAnotherSIRENIsRefusedOnceThereIsAMandate(t *testing.T) {
	t.Parallel()
	for _, status := range []platform.MandateStatus{platform.MandatePending, platform.MandateActive, platform.MandateExpired} {
		f := setup(t)
		f.platform.becomes(status)
		f.enrols()
		_, err := f.Enroll(t.Context(), "m_1", true, other(), nil)
		if e := wantCode(t, err, errs.InvalidState); !strings.Contains(e.Message, "123456782") {
			t.Error(e.Message)
		}
		_, err = f.UpdateSettings(t.Context(), "m_1", true, other())
		wantCode(t, err, errs.InvalidState)
		if got := f.read().Settings; !reflect.DeepEqual(got, invoicetest.Settings()) {
			t.Errorf("%s: %+v", status, got)
		}
	}
}

func TestAnotherSIRENIsRefusedOnceThereIsADocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.fails(errDown)
	f.enrols()
	f.exec(`insert into invoices (id, merchant_id, livemode, number, type_code, status, audience, customer_name, issued_on, due_on, total_cents, document,
		seqino_status, created_at, updated_at) values ($1, 'm_1', true, 'INV-1', '380', 'draft', 'B2C', 'x', now(), now(), 1, '{}', 'mandate_pending', now(), now())`, uuid.New())
	_, err := f.UpdateSettings(t.Context(), "m_1", true, other())
	wantCode(t, err, errs.InvalidState)
}

func TestASIRENThatWasAMistakeCanBeCorrected(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.becomes(platform.MandateFailed) // "that is not you"
	f.enrols()
	f.wants(platform.MandateFailed)
	f.platform.status = platform.MandatePending
	if _, err := f.UpdateSettings(t.Context(), "m_1", true, other()); err != nil {
		t.Fatal(err)
	}
	f.sweepNext()
	if e := f.wants(platform.MandatePending); e.MandateID != "mdt_2" || f.platform.requests[1].SIREN != "987654324" {
		t.Errorf("%+v, asked for %+v", e, f.platform.requests)
	}
}

// The SIREN changes while the mandate for the old one is being asked for: what comes of that is not recorded.
func TestAMandateForAnotherSIRENIsNotRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.fails(errDown)
	f.enrols()
	began, goOn := make(chan string), make(chan error)
	f.platform.first(func(_ context.Context, call string) error {
		if call != "mandate" {
			return nil
		}
		began <- call
		return <-goOn
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.sweepNext()
	}()
	<-began
	if _, err := f.UpdateSettings(t.Context(), "m_1", true, other()); err != nil {
		t.Fatal(err)
	}
	goOn <- nil
	<-done
	if e := f.read(); e.MandateID != "" {
		t.Fatalf("%+v", e)
	}
	f.platform.fails(nil)
	f.sweepNext()
	if e := f.wants(platform.MandatePending); e.MandateID != "mdt_2" || f.platform.requests[1].SIREN != "987654324" {
		t.Errorf("%+v, asked for %+v", e, f.platform.requests)
	}
}

// logoSide is the largest one that is taken.
const logoSide = 2048

func TestLogos(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	huge := append(picture(t, 1, 1), make([]byte, logo.MaxFile)...)
	for name, logo := range map[string][]byte{
		"too many bytes": huge, "too wide": picture(t, logoSide+1, 1), "too high": picture(t, 1, logoSide+1),
		"a GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "text": []byte("hello"), "half a PNG": picture(t, 1, 1)[:20],
	} {
		err := f.SetLogo(t.Context(), "m_1", logo)
		if e := wantCode(t, err, errs.ValidationError); len(e.Fields) != 1 || e.Fields[0].Field != "logo" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	logo := picture(t, logoSide, 2)
	if err := f.SetLogo(t.Context(), "m_1", logo); err != nil {
		t.Fatal(err)
	}
	if got, err := Logo(t.Context(), f.pool, "m_1", true); err != nil || !bytes.Equal(got, logo) {
		t.Error("it is another", err)
	}
	if err := f.SetLogo(t.Context(), "m_1", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := Logo(t.Context(), f.pool, "m_1", true); err != nil || got != nil {
		t.Error("it is still there", err)
	}
}
