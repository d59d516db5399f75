package ereport

import (
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// A day stays in its period; a new one takes what the others leave.
func TestAChangeOfRegime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before invoice.Regime
		on     []invoice.Date
		after  invoice.Regime
		day    invoice.Date
		want   Period
	}{
		{"the day has a longer period", invoice.RegimeFranchise, []invoice.Date{"2026-11-03"}, invoice.RegimeMonthly, "2026-12-15", Period{"2026-11-01", "2026-12-31", "2027-01-31"}},
		{"the day has a shorter period", invoice.RegimeMonthly, []invoice.Date{"2026-11-03"}, invoice.RegimeFranchise, "2026-11-10", Period{"2026-11-01", "2026-11-10", "2026-11-20"}},
		{"days before are taken", invoice.RegimeMonthly, []invoice.Date{"2026-11-03"}, invoice.RegimeQuarterly, "2026-11-25", Period{"2026-11-11", "2026-11-30", "2026-12-10"}},
		{"days after are taken", invoice.RegimeMonthly, []invoice.Date{"2026-11-25"}, invoice.RegimeQuarterly, "2026-11-03", Period{"2026-11-01", "2026-11-20", "2026-12-10"}},
		{"days on both sides are taken", invoice.RegimeMonthly, []invoice.Date{"2026-11-03", "2026-11-25"}, invoice.RegimeFranchise, "2026-11-12", Period{"2026-11-11", "2026-11-20", "2027-01-31"}},
		{"a month of the two is taken", invoice.RegimeSimplified, []invoice.Date{"2026-11-03"}, invoice.RegimeFranchise, "2026-12-12", Period{"2026-12-01", "2026-12-31", "2027-01-31"}},
		{"nothing is in the way", invoice.RegimeMonthly, []invoice.Date{"2026-10-25"}, invoice.RegimeFranchise, "2026-11-12", Period{"2026-11-01", "2026-12-31", "2027-01-31"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.regime = c.before
			f.in(func(tx pgx.Tx) {
				for _, day := range c.on {
					f.touch(tx, Sales, day)
				}
				f.regime = c.after
				if got := f.touch(tx, Sales, c.day); got != c.want {
					t.Errorf("got %+v, want %+v", got, c.want)
				}
				if got := f.touch(tx, Payments, c.day); got != PeriodOf(Payments, c.after, c.day) {
					t.Errorf("payments: got %+v", got)
				}
			})
			noOverlap(f)
		})
	}
}

// Sales of the same and of neighbouring days come at once, some under the old regime and some under the new.
func TestPeriodsBeginAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const writers = 24
	var group sync.WaitGroup
	errs := make(chan error, writers)
	for i := range writers {
		group.Go(func() {
			day := invoice.Date(fmt.Sprintf("2026-11-%02d", 1+i))
			errs <- pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
				_, err := MarkChanged(t.Context(), tx, Declarant{merchant, true, regimes[i%len(regimes)]}, Sales, day, f.now)
				return err
			})
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	noOverlap(f)
	if n := f.count(`select sum(version)::bigint from report_periods`); n != writers {
		t.Errorf("%d changes were counted, want %d", n, writers)
	}
}

// Two transactions that do not see each other: the second waits for the first, and takes the days that it leaves.
func TestAPeriodBeginsAfterTheOther(t *testing.T) {
	t.Parallel()
	f := setup(t)
	second := make(chan error, 1)
	f.in(func(tx pgx.Tx) {
		f.touch(tx, Sales, "2026-11-03")
		go func() {
			second <- pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
				_, err := MarkChanged(t.Context(), tx, Declarant{merchant, true, invoice.RegimeFranchise}, Sales, "2026-11-12", f.now)
				return err
			})
		}()
		const waiting = `select count(*) from pg_locks where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database())`
		for len(second) == 0 && f.count(waiting) == 0 {
			continue // until it waits, or did not
		}
	})
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	noOverlap(f)
	if n := f.count(`select count(*) from report_periods where start_on = '2026-11-11' and end_on = '2026-12-31'`); n != 1 {
		t.Error("the second period does not begin after the first")
	}
}

// noOverlap checks that no two periods share a day, and none is a single day.
func noOverlap(f *fixture) {
	f.Helper()
	if n := f.count(`select count(*) from report_periods a join report_periods b on a.merchant_id = b.merchant_id and a.livemode = b.livemode
		and a.kind = b.kind and a.id <> b.id and a.start_on <= b.end_on and b.start_on <= a.end_on`); n != 0 {
		f.Errorf("%d periods overlap", n)
	}
	if n := f.count(`select count(*) from report_periods where end_on <= start_on + 1`); n != 0 {
		f.Errorf("%d periods are a day or two", n)
	}
}
