package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// reporting is a platform that keeps the newest report of each period, as the administration does.
type reporting struct {
	*fake
	sales    map[string]platform.SalesReport
	payments map[string]platform.PaymentsReport
}

func (p *reporting) ReportSales(_ context.Context, client string, r platform.SalesReport) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sales[client+fmt.Sprint(r.Period)] = r
	return "rpt_" + r.Ref, nil
}

func (p *reporting) ReportPayments(_ context.Context, client string, r platform.PaymentsReport) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.payments[client+fmt.Sprint(r.Period)] = r
	return "pay_" + r.Ref, nil
}

// sums are amounts by rate.
type sums map[vat.Rate][2]money.Cents

func (s sums) add(rate vat.Rate, first, second money.Cents) {
	of := s[rate]
	of[0], of[1] = of[0]+first, of[1]+second
	if s[rate] = of; of == [2]money.Cents{} {
		delete(s, rate)
	}
}

// drain sends what waits, until nothing does.
func (f *fixture) drain(kinds ...transmit.Kind) {
	f.t.Helper()
	f.fake.set(func(p *fake) { p.submit, p.collect = works, works })
	for range 5 {
		rows, err := f.Pool.Query(f.t.Context(), `select kind, subject from transmissions where state = 'waiting' and kind = any($1) order by created_at, id`, kinds)
		f.must(err)
		var waiting []transmit.Transmission
		for rows.Next() {
			var one transmit.Transmission
			f.must(rows.Scan(&one.Kind, &one.Subject))
			waiting = append(waiting, one)
		}
		f.must(rows.Err())
		if len(waiting) == 0 {
			return
		}
		for _, one := range waiting {
			_, err := f.engine.Do(f.t.Context(), one.Kind, one.Subject, true)
			f.must(err)
		}
	}
	f.t.Fatalf("%v still waits", kinds)
}

// settled lets everything arrive: documents, then collections, then the reports of all periods.
func (s *teller) settled() {
	s.t.Helper()
	s.drain(transmit.Document)
	s.drain(transmit.Collection)
	if n := s.number(`select count(*) from transmissions where state = 'stopped'`); n != 0 {
		s.t.Fatalf("%d were refused", n)
	}
	s.clock.advance(300 * 24 * time.Hour)
}

// reportsOf makes and sends the reports of all periods that have ended.
func (f *fixture) reportsOf() *reporting {
	f.t.Helper()
	p := &reporting{f.fake, map[string]platform.SalesReport{}, map[string]platform.PaymentsReport{}}
	log := slog.New(slog.DiscardHandler)
	reporter := ereport.New(ereport.Deps{
		Pool: f.Pool, Platforms: map[bool]platform.Platform{true: p}, Zone: f.Zone, Now: f.clock.now, Matricule: "0000", Log: log,
	})
	engine := transmit.New(f.Pool, map[transmit.Kind]transmit.Sender{transmit.Report: reporter}, transmit.Config{}, f.clock.now, log)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- reporter.Run(ctx) }()
	f.eventually("every period is reported", func() bool {
		return f.number(`select count(*) from report_periods p where version > sent_version and not exists (select from reports where period_id = p.id)`) == 0
	})
	stop()
	f.must(<-ended)
	for _, id := range f.ids(`select id from reports where status = 'waiting'`) {
		_, err := engine.Do(f.t.Context(), transmit.Report, id, true)
		f.must(err)
	}
	if n := f.number(`select count(*) from reports where status <> 'sent'`); n != 0 {
		f.t.Fatalf("%d reports were not taken", n)
	}
	return p
}

func (f *fixture) ids(sql string, args ...any) (all []uuid.UUID) {
	f.t.Helper()
	rows, err := f.Pool.Query(f.t.Context(), sql, args...)
	f.must(err)
	for rows.Next() {
		var id uuid.UUID
		f.must(rows.Scan(&id))
		all = append(all, id)
	}
	f.must(rows.Err())
	return all
}

// receivedForServices is what was received for services and not given back, by rate, where VAT is due with the payment.
func (f *fixture) receivedForServices(where string, arg any) sums {
	f.t.Helper()
	got := sums{}
	rows, err := f.Pool.Query(f.t.Context(), `select rate, sum(amount_cents)::bigint from receipt_parts where reportable and `+where+` group by rate`, arg)
	f.must(err)
	for rows.Next() {
		var rate vat.Rate
		var amount money.Cents
		f.must(rows.Scan(&rate, &amount))
		got.add(rate, amount, 0)
	}
	f.must(rows.Err())
	return got
}

// reportedAsReceived wants the statuses 212 of an invoice of a business to be what was received for its services, and that to be the
// services themselves once they are paid, and nothing once they were credited.
func (f *fixture) reportedAsReceived(id uuid.UUID) {
	f.t.Helper()
	r := f.read(id)
	got, told := f.receivedForServices(`invoice_id = $1`, id), sums{}
	for rate, amount := range f.fake.collected(r.Number) {
		told.add(rate, amount, 0)
	}
	if r.Audience == invoice.B2B && !maps.Equal(told, got) || r.Audience == invoice.B2C && len(told) > 0 {
		f.t.Errorf("%s (%s, %d): the platform has %v, received are %v", r.Number, r.Status, r.LifecycleCode, told, got)
	}
	services := sums{}
	for _, l := range r.Document.Lines {
		if l.Nature == invoice.Services && !r.Document.OnDebits() {
			services.add(l.VATPerMill, l.Gross, 0)
		}
	}
	switch {
	case r.Credited == r.Total && len(got) > 0:
		f.t.Errorf("%s was credited, and %v are left", r.Number, got)
	case r.Status == StatusPaid && r.Credited == 0 && len(r.Document.Allowances) == 0 && !maps.Equal(got, services):
		f.t.Errorf("%s is paid: %v of %v", r.Number, got, services)
	}
}

// salesAreTheBooks wants the reported sales of a merchant to be its documents to consumers, in net and tax at each rate: invoices, less
// those that were withdrawn without a document, less what credit notes and corrected invoices take back.
func (f *fixture) salesAreTheBooks(p *reporting, merchant string) {
	f.t.Helper()
	books, reported := sums{}, sums{}
	docs, err := readAll(f.t.Context(), f.Pool, `where i.merchant_id = $1 and i.audience = 'B2C'`, merchant)
	f.must(err)
	of := map[uuid.UUID]invoice.Document{}
	replaced := map[uuid.UUID]bool{}
	for _, d := range docs {
		of[d.ID] = d.Document
		if d.Type == invoice.TypeCorrected {
			replaced[*d.Corrects] = true
		}
	}
	for _, d := range docs {
		breakdown, sign := d.Document.VAT, money.Cents(1)
		switch {
		case d.Type == invoice.TypeCreditNote:
			sign = -1
		case d.Type == invoice.TypeCorrected:
			breakdown, sign = of[*d.Corrects].VAT, -1
		case d.Status == StatusCancelled && !replaced[d.ID]:
			continue
		}
		for _, v := range breakdown {
			books.add(v.VATPerMill, sign*v.Base, sign*v.Tax)
		}
	}
	for period, r := range p.sales {
		for _, d := range r.Days {
			if onDebits := merchant == "debits" && d.Category == invoice.ReportServices; strings.HasPrefix(period, merchant) && (d.DueCode == invoice.DueOnIssue) != onDebits {
				f.t.Errorf("%s: %s on %s are due at %q", merchant, d.Category, d.Date, d.DueCode)
			}
			for _, one := range d.Rates {
				if strings.HasPrefix(period, merchant) {
					reported.add(one.VATPerMill, one.Net, one.Tax)
				}
			}
		}
	}
	if !maps.Equal(books, reported) {
		f.t.Errorf("%s: the books have %v, the reports %v", merchant, books, reported)
	}
}

// paymentsAreTheReceipts wants the reported payments of a merchant to be what it received of consumers for services.
func (f *fixture) paymentsAreTheReceipts(p *reporting, merchant string) {
	f.t.Helper()
	reported := sums{}
	for period, r := range p.payments {
		for _, d := range r.Days {
			for _, part := range d.Parts {
				if strings.HasPrefix(period, merchant) {
					reported.add(part.VATPerMill, part.Amount, 0)
				}
			}
		}
	}
	got := f.receivedForServices(`audience = 'B2C' and merchant_id = $1`, merchant)
	if !maps.Equal(reported, got) || merchant == "debits" && len(got) > 0 {
		f.t.Errorf("%s: received %v, reported %v", merchant, got, reported)
	}
}
