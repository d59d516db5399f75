package ereport

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/seqino"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// standIn is a platform that compares each report with its XML and checks its sums, its turn and its form, reached through the real
// client; the merchant has an active mandate there.
func (f *fixture) standIn() *einvoicing.Platform {
	f.Helper()
	p, err := einvoicing.New(einvoicing.Config{APIKey: "key-of-the-test"})
	if err != nil {
		f.Fatal(err)
	}
	server := httptest.NewServer(p.Handler())
	f.Cleanup(server.Close)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	f.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, p.Close()); err != nil {
			f.Error(err)
		}
	})
	client, err := seqino.New(seqino.Config{BaseURL: server.URL + "/api", APIKey: "key-of-the-test", WebhookSecret: "secret-of-the-test"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(client.Close)
	s := invoicetest.Settings()
	id, err := client.EnsureClient(f.Context(), platform.Client{Ref: merchant, Name: s.LegalName, Email: s.Email})
	if err == nil {
		_, err = client.EnsureMandate(f.Context(), id, platform.MandateRequest{Ref: merchant, SIREN: s.SIREN(), Start: "2026-01-01"})
	}
	if err := errors.Join(err, p.Approve(id)); err != nil {
		f.Fatal(err)
	}
	f.exec(`update enrolments set client_id = $1`, id)
	f.r.Platforms = map[bool]platform.Platform{true: client}
	return p
}

func TestThePlatformTakesReports(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.standIn()
	engine := transmit.New(f.pool, map[transmit.Kind]transmit.Sender{transmit.Report: f.r}, transmit.Config{}, func() time.Time { return f.now }, slog.New(slog.DiscardHandler))
	send := func() {
		t.Helper()
		for _, e := range f.list() {
			if e.GetStatus() != "waiting" {
				continue
			}
			if tried, err := engine.Do(t.Context(), transmit.Report, uuid.MustParse(e.GetId()), true); err != nil || !tried {
				t.Fatalf("tried: %v, %v", tried, err)
			}
		}
	}
	f.sell("2026-11-03", invoice.ReportGoods, 200, 7499, 1500)
	f.sell("2026-11-03", invoice.ReportGoods, 55, 1887, 104)
	f.sell("2026-11-03", invoice.ReportServices, 21, 1000, 21)
	f.sell("2026-11-04", invoice.ReportUntaxed, 0, 500, 0)
	f.sell("2026-11-10", invoice.ReportGoods, 200, -333, -67)
	f.pay("2026-11-03", 200, 6000)
	f.pay("2026-11-05", 100, 110)
	f.pay("2026-11-06", 200, -1000)
	f.at("2026-12-01 04:00")
	f.round()
	for _, operation := range []string{"report-sales", "report-payments"} {
		if _, err := p.AddFault(einvoicing.Fault{Kind: "lost-answer", Operation: operation, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	f.now = f.now.Add(time.Hour)
	send()
	f.wantStates("2026-11-01 1 sent", "2026-11-01 1 sent")
	f.sell("2026-11-08", invoice.ReportServices, 200, 1000, 200)
	f.pay("2026-11-30", 200, 1200)
	f.now = f.now.Add(time.Hour)
	f.round()
	send()
	f.exec(`delete from sale_parts`)
	f.exec(`update report_periods set version = version + 1`)
	f.now = f.now.Add(time.Hour)
	f.round()
	send()
	got := p.Reports()
	if len(got) != 6 {
		t.Fatalf("the platform has %+v, listed are %v", got, f.list())
	}
	sums := map[string][]int64{}
	for _, r := range got {
		sums[r.Kind] = append(sums[r.Kind], r.Cents)
		if first := len(sums[r.Kind]) == 1; (r.Type == "IN") != first || r.Replaced != (len(sums[r.Kind]) < 3) {
			t.Errorf("the platform has %+v", r)
		}
	}
	equal(t, sums, map[string][]int64{"sales": {12111, 13311, 0}, "payments": {5110, 6310, 6310}})
	if n := f.count(`select count(*) from transmissions where state <> 'sent'`); n != 0 {
		t.Errorf("%d transmissions were not sent", n)
	}
}

// The stand-in still has the older rule against amounts below zero (G1.16): the merchant sees why, and the next change, which
// brings the sum above zero, is reported.
func TestAPlatformThatRefusesAmountsBelowZero(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.standIn()
	f.pay("2026-11-06", 200, -1000)
	f.at("2026-12-01 04:00")
	f.round()
	if err := f.send(f.list()[0].GetId()); !errors.Is(err, transmit.ErrStop) {
		t.Fatalf("below zero: %v", err)
	}
	if e := f.list()[0]; e.GetStatus() != "failed" || e.GetProblem() == "" {
		t.Errorf("below zero: %v", e)
	}
	f.pay("2026-11-07", 200, 3000)
	f.now = f.now.Add(time.Hour)
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 failed", "2026-11-01 2 sent")
}
