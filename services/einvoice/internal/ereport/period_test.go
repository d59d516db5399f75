package ereport

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// The table of the DGFiP specifications (section 3.7), row by row.
func TestPeriodOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regime          invoice.Regime
		kind            Kind
		day             invoice.Date
		start, end, due invoice.Date
	}{
		{invoice.RegimeMonthly, Sales, "2026-11-01", "2026-11-01", "2026-11-10", "2026-11-20"},
		{invoice.RegimeMonthly, Sales, "2026-11-10", "2026-11-01", "2026-11-10", "2026-11-20"},
		{invoice.RegimeMonthly, Sales, "2026-11-11", "2026-11-11", "2026-11-20", "2026-11-30"},
		{invoice.RegimeMonthly, Sales, "2026-11-20", "2026-11-11", "2026-11-20", "2026-11-30"},
		{invoice.RegimeMonthly, Sales, "2026-11-21", "2026-11-21", "2026-11-30", "2026-12-10"},
		{invoice.RegimeMonthly, Sales, "2026-12-15", "2026-12-11", "2026-12-20", "2026-12-31"},
		{invoice.RegimeMonthly, Sales, "2026-12-31", "2026-12-21", "2026-12-31", "2027-01-10"},
		{invoice.RegimeMonthly, Sales, "2028-02-29", "2028-02-21", "2028-02-29", "2028-03-10"},
		{invoice.RegimeMonthly, Sales, "2027-02-28", "2027-02-21", "2027-02-28", "2027-03-10"},
		{invoice.RegimeMonthly, Sales, "2028-02-12", "2028-02-11", "2028-02-20", "2028-02-29"},
		{invoice.RegimeMonthly, Payments, "2026-11-05", "2026-11-01", "2026-11-30", "2026-12-10"},
		{invoice.RegimeMonthly, Payments, "2026-12-31", "2026-12-01", "2026-12-31", "2027-01-10"},
		{invoice.RegimeQuarterly, Sales, "2026-11-30", "2026-11-01", "2026-11-30", "2026-12-10"},
		{invoice.RegimeQuarterly, Sales, "2026-12-01", "2026-12-01", "2026-12-31", "2027-01-10"},
		{invoice.RegimeQuarterly, Payments, "2028-02-29", "2028-02-01", "2028-02-29", "2028-03-10"},
		{invoice.RegimeSimplified, Sales, "2026-11-15", "2026-11-01", "2026-11-30", "2026-12-31"},
		{invoice.RegimeSimplified, Sales, "2028-01-31", "2028-01-01", "2028-01-31", "2028-02-29"},
		{invoice.RegimeSimplified, Payments, "2026-12-31", "2026-12-01", "2026-12-31", "2027-01-31"},
		{invoice.RegimeFranchise, Sales, "2026-11-30", "2026-11-01", "2026-12-31", "2027-01-31"},
		{invoice.RegimeFranchise, Sales, "2026-12-01", "2026-11-01", "2026-12-31", "2027-01-31"},
		{invoice.RegimeFranchise, Sales, "2028-02-29", "2028-01-01", "2028-02-29", "2028-03-31"},
		{invoice.RegimeFranchise, Payments, "2027-01-31", "2027-01-01", "2027-02-28", "2027-03-31"},
		{invoice.RegimeFranchise, Payments, "2027-03-01", "2027-03-01", "2027-04-30", "2027-05-31"},
	} {
		if got, want := PeriodOf(c.kind, c.regime, c.day), (Period{c.start, c.end, c.due}); got != want {
			t.Errorf("%s of %s, %s: %+v, want %+v", c.kind, c.regime, c.day, got, want)
		}
	}
}

var regimes = []invoice.Regime{invoice.RegimeMonthly, invoice.RegimeQuarterly, invoice.RegimeSimplified, invoice.RegimeFranchise}

func anyDay(t *rapid.T, name string) invoice.Date {
	days := rapid.IntRange(0, 366*60).Draw(t, name)
	return invoice.Date(time.Date(2020, 1, 1+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

// Periods of a regime follow each other without a gap, have more than one day, and are due within the two months after.
func TestPeriodsFollowEachOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind, regime := rapid.SampledFrom([]Kind{Sales, Payments}).Draw(t, "kind"), rapid.SampledFrom(regimes).Draw(t, "regime")
		day := anyDay(t, "day")
		p := PeriodOf(kind, regime, day)
		if day < p.Start || day > p.End || p.Start >= p.End || p.Due <= p.End || p.Due > p.End.Add(31) {
			t.Fatalf("%s is in %+v", day, p)
		}
		if PeriodOf(kind, regime, p.Start) != p || PeriodOf(kind, regime, p.End) != p {
			t.Fatalf("the ends of %+v are in other periods", p)
		}
		if next := PeriodOf(kind, regime, p.End.Add(1)); next.Start != p.End.Add(1) {
			t.Fatalf("after %+v comes %+v", p, next)
		}
	})
}
