package ereport

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestAPeriodIsReportedOnceItIsOver(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-10", invoice.ReportGoods, 200, 1000, 200)
	for _, early := range []string{"2026-11-10 23:59", "2026-11-11 00:30", "2026-11-11 01:59"} {
		f.at(early)
		f.round()
		f.wantStates()
	}
	f.at("2026-11-11 02:00")
	f.round()
	f.round()
	f.wantStates("2026-11-01 1 waiting")
	if len(f.woken) != 1 || !f.woken[0] {
		t.Errorf("woken: %v", f.woken)
	}
	if n := f.count(`select count(*) from transmissions where kind = 'report' and state = 'waiting' and livemode`); n != 1 {
		t.Errorf("%d transmissions", n)
	}
	f.sendAll()
	f.wantStates("2026-11-01 1 sent")
	e := f.list()[0]
	if e.GetKind() != "sales" || e.GetPeriodEnd() != "2026-11-10" || e.GetDueDate() != "2026-11-20" || e.GetPlatformId() != "rpt_"+e.GetId() ||
		!e.GetSentAt().AsTime().Equal(f.now) || e.GetProblem() != "" || len(e.GetId()) != 36 {
		t.Errorf("listed as %v", e)
	}
	f.at("2026-12-24 12:00")
	f.round()
	f.wantStates("2026-11-01 1 sent")
}

// The clock changes on a day in France: 2 o'clock is 1:00 UTC in winter, and 0:00 UTC in summer. What was sold before midnight in
// France is of that day, whatever the day in UTC.
func TestDaysEndInFrance(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for text, want := range map[string]invoice.Date{
		"2026-10-24T23:59:59Z": "2026-10-23", // 01:59:59 on the 25th, summer time
		"2026-10-25T00:00:00Z": "2026-10-24", // 02:00 for the first time
		"2026-10-25T01:00:00Z": "2026-10-24", // 02:00 again, in winter time
		"2026-03-29T00:59:59Z": "2026-03-27", // the second before 03:00
		"2026-03-29T01:00:00Z": "2026-03-28", // 03:00: there is no 02:00
		"2026-12-31T23:30:00Z": "2026-12-30", // in France the year is over
		"2027-01-01T00:59:59Z": "2026-12-30",
		"2027-01-01T01:00:00Z": "2026-12-31",
		"2026-07-31T23:59:59Z": "2026-07-30",
		"2026-08-01T00:00:00Z": "2026-07-31",
	} {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if f.now = now; f.r.lastReportableDay() != want {
			t.Errorf("at %s days are over to %s, want %s", text, f.r.lastReportableDay(), want)
		}
	}
}

func TestTheReportSaysWhatWasSold(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in(func(tx pgx.Tx) { // one document with three parts
		id := f.document(tx, "2026-11-03")
		f.part(tx, id, "2026-11-03", invoice.ReportGoods, 55, 2000, 110)
		f.part(tx, id, "2026-11-03", invoice.ReportGoods, 200, 1000, 200)
		f.part(tx, id, "2026-11-03", invoice.ReportUntaxed, 0, 500, 0)
		f.touch(tx, Sales, "2026-11-03")
	})
	f.sell("2026-11-03", invoice.ReportGoods, 200, 333, 67)
	f.sell("2026-11-03", invoice.ReportServices, 100, 400, 40)
	f.sell("2026-11-05", invoice.ReportGoods, 200, -333, -67)
	f.sell("2026-11-11", invoice.ReportGoods, 200, 9999, 2000) // another period
	f.exec(`update report_periods set sent_version = version where start_on = '2026-11-11'`)
	f.exec(`insert into sale_parts (source, merchant_id, livemode, sold_on, category, rate, net_cents, tax_cents)
		select id, 'merchant-2', true, '2026-11-03', 'TLB1', 21, 7, 1 from invoices limit 1`)
	f.at("2026-11-12 12:00")
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent")
	got := f.platform.sales[0]
	want := []platform.SalesDay{
		{Date: "2026-11-03", Category: "TLB1", Count: 2, Net: 3333, Tax: 377, Rates: []platform.SalesRate{
			{VATPerMill: 200, Net: 1333, Tax: 267}, {VATPerMill: 55, Net: 2000, Tax: 110},
		}},
		{Date: "2026-11-03", Category: "TNT1", Count: 1, Net: 500, Rates: []platform.SalesRate{{Net: 500}}},
		{Date: "2026-11-03", Category: "TPS1", Count: 1, Net: 400, Tax: 40, Rates: []platform.SalesRate{{VATPerMill: 100, Net: 400, Tax: 40}}},
		{Date: "2026-11-05", Category: "TLB1", Count: 1, Net: -333, Tax: -67, Rates: []platform.SalesRate{{VATPerMill: 200, Net: -333, Tax: -67}}},
	}
	equal(t, got.Days, want)
	if got.SIREN != "123456782" || got.Period != (platform.Period{Start: "2026-11-01", End: "2026-11-10"}) || got.Replace || got.Ref != f.list()[0].GetId() {
		t.Errorf("head is %+v", got.ReportHead)
	}
	checkXML(t, got.XML)
}

func TestTheReportSaysWhatWasPaid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.pay("2026-11-03", 200, 1200)
	f.pay("2026-11-03", 100, 550)
	f.pay("2026-11-03", 200, 100)
	f.pay("2026-11-28", 200, -300)
	f.receive("2026-11-04", 200, 777, "B2B", true)
	f.receive("2026-11-04", 200, 888, "B2C", false)
	f.at("2026-12-01 12:00")
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent")
	got := f.platform.payments[0]
	equal(t, got.Days, []platform.PaymentsDay{
		{Date: "2026-11-03", Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 1000}, {VATPerMill: 100, Amount: 550}}},
	})
	if got.Period != (platform.Period{Start: "2026-11-01", End: "2026-11-30"}) {
		t.Errorf("period is %+v", got.Period)
	}
	checkXML(t, got.XML)
}

func TestAnEmptyReportIsNotSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.unsell(id, "2026-11-03")
	f.receive("2026-11-04", 200, 777, "B2B", true)
	f.at("2026-12-01 12:00")
	f.round()
	f.wantStates()
	if n := f.count(`select count(*) from report_periods where version > sent_version`); n != 0 {
		t.Errorf("%d periods are open", n)
	}
	f.sell("2026-11-04", invoice.ReportGoods, 200, 1000, 200) // a late one is the first report, at once
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent")
	if f.platform.sales[0].Replace {
		t.Error("the first report replaces")
	}
}

func TestChangesReplaceTheReportOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	f.sendAll()
	for range 10 {
		f.now = f.now.Add(30 * time.Minute)
		f.sell("2026-11-04", invoice.ReportGoods, 200, 100, 20)
		f.round()
	}
	f.wantStates("2026-11-01 1 sent")
	f.now = f.now.Add(59 * time.Minute)
	f.round()
	f.wantStates("2026-11-01 1 sent")
	f.now = f.now.Add(time.Minute)
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent", "2026-11-01 2 sent")
	if got := f.platform.sales[1]; !got.Replace || len(got.Days) != 2 || got.Days[1].Net != 1000 || got.Days[1].Count != 10 {
		t.Errorf("replaced by %+v", got)
	}
	f.exec(`delete from sale_parts where source <> $1`, id)
	f.unsell(id, "2026-11-03")
	f.now = f.now.Add(time.Hour)
	f.round()
	f.sendAll()
	f.wantStates("2026-11-01 1 sent", "2026-11-01 2 sent", "2026-11-01 3 sent")
	got := f.platform.sales[2]
	if !got.Replace || len(got.Days) != 0 {
		t.Errorf("what is gone is replaced by %+v", got)
	}
	checkXML(t, got.XML)
}

func TestAFailureOfOneMerchantDoesNotAffectAnother(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in(func(tx pgx.Tx) { // a period of somebody who is not enrolled
		if _, err := MarkChanged(t.Context(), tx, Declarant{"merchant-0", true, f.regime}, Sales, "2026-10-03", f.now); err != nil {
			t.Fatal(err)
		}
	})
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	f.wantStates("2026-11-01 1 waiting")
	if !strings.Contains(f.log.String(), "merchant-0") {
		t.Errorf("log: %s", f.log.String())
	}
}

// Many periods are read in pages.
func TestEveryPeriodIsReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for day := invoice.Date("2023-01-01"); day < "2026-11-01"; day = day.Add(10) {
		f.sell(day, invoice.ReportGoods, 200, 1000, 200)
	}
	n := f.count(`select count(*) from report_periods`)
	f.at("2026-11-11 03:00")
	f.round()
	_, total, err := f.r.List(t.Context(), merchant, true, 2, 10)
	if err != nil || int(total) != n || n <= batch {
		t.Errorf("%d reports of %d periods: %v", total, n, err)
	}
}

func TestAnotherMerchantsReportsAreNotListed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	for who, livemode := range map[string]bool{"merchant-2": true, merchant: false} {
		if list, total, err := f.r.List(t.Context(), who, livemode, 1, 10); err != nil || total != 0 || len(list) != 0 {
			t.Errorf("%s, %v: %v, %d, %v", who, livemode, list, total, err)
		}
	}
}

// Whatever was recorded: the days of the reports of all periods add up to it, to the cent.
func TestReportsAddUpToWhatWasRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	seed := uint64(20261121)
	next := func(n uint64) uint64 { // the same numbers in each run
		seed = seed*6364136223846793005 + 1442695040888963407
		return (seed >> 33) % n
	}
	for range 150 {
		day := invoice.Date("2026-09-01").Add(int(next(61)))
		amount := money.Cents(next(20000)) - 7000
		f.regime = regimes[next(4)]
		if next(3) == 0 {
			f.pay(day, []vat.Rate{200, 100, 55}[next(3)], amount)
			continue
		}
		f.sell(day, []string{"TLB1", "TPS1"}[next(2)], []vat.Rate{200, 100, 55}[next(3)], amount, amount/5)
	}
	f.at("2026-11-11 03:00")
	f.round()
	f.sendAll()
	var n, netSum, tax, paid int
	for _, r := range f.platform.sales {
		for _, d := range r.Days {
			n += d.Count
			netSum += int(d.Net)
			tax += int(d.Tax)
			for _, x := range d.Rates {
				d.Net -= x.Net
				d.Tax -= x.Tax
			}
			if d.Net != 0 || d.Tax != 0 {
				t.Errorf("%s %s: rates do not add up", d.Date, d.Category)
			}
		}
		checkXML(t, r.XML)
	}
	for _, r := range f.platform.payments {
		for _, d := range r.Days {
			for _, x := range d.Parts {
				paid += int(x.Amount)
			}
		}
		checkXML(t, r.XML)
	}
	for sql, got := range map[string]int{
		`select count(*) from sale_parts`:                     n,
		`select sum(net_cents)::bigint from sale_parts`:       netSum,
		`select sum(tax_cents)::bigint from sale_parts`:       tax,
		`select sum(amount_cents)::bigint from receipt_parts`: paid,
	} {
		if want := f.count(sql); got != want {
			t.Errorf("%s: %d, reported are %d", sql, want, got)
		}
	}
	noOverlap(f)
}
