package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// numbers of a series without a gap, from 1 to n.
func (f *fixture) gapless(who Who, prefix string, n int) {
	f.t.Helper()
	for i := range n {
		want := invoice.Number(prefix[:len(prefix)-4], atoi(prefix[len(prefix)-4:]), invoice.Code(who.MerchantID), int64(i+1))
		if got := f.number(`select count(*) from invoices where merchant_id = $1 and livemode = $2 and number = $3`, who.MerchantID, who.Livemode, want); got != 1 {
			f.t.Fatalf("%d documents have the number %s", got, want)
		}
	}
	if got := f.number(`select count(*) from invoices where merchant_id = $1 and livemode = $2 and number like $3`,
		who.MerchantID, who.Livemode, prefix[:len(prefix)-4]+"-"+prefix[len(prefix)-4:]+"-%"); got != int64(n) {
		f.t.Fatalf("%d documents of %s, want %d", got, prefix, n)
	}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

// Requests that fail, for whatever reason and at whatever moment, take no number.
func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	made := make(chan struct{}, 1000)
	together(20, func(g int) {
		for i := range 10 {
			for { // with requests in between that are broken off, or bad
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(g*i)*100*time.Microsecond)
				if c, err := f.Create(ctx, f.who, private(10_00), Idempotency{}); err == nil && !c.Replayed {
					made <- struct{}{}
				}
				cancel()
				bad := private(10_00)
				bad.Items[0].VATPerMill = 199
				if _, err := f.Create(context.Background(), f.who, bad, Idempotency{}); err == nil {
					t.Error("a rate of 19.9 % was taken")
				}
				if _, err := f.Create(context.Background(), f.who, private(10_00), Idempotency{}); err == nil {
					made <- struct{}{}
					break
				}
			}
		}
	})
	// A caller who went may have left an invoice all the same: what counts is what is recorded.
	n := f.number(`select count(*) from invoices`)
	if n < 200 || n < int64(len(made)) || n != f.number(`select last from counters`) {
		t.Fatalf("%d invoices, %d known, counter %d", n, len(made), f.number(`select last from counters`))
	}
	f.gapless(f.who, "INV2026", int(n))
	// Days follow each other as numbers do.
	if bad := f.number(`select count(*) from (select created_at, lag(created_at) over (order by number) as earlier from invoices) s
		where (created_at at time zone 'Europe/Paris')::date < (earlier at time zone 'Europe/Paris')::date`); bad != 0 {
		t.Fatalf("%d invoices are dated before the one with the lower number", bad)
	}
}

func TestEachMerchantModeSeriesAndYearCountsForItself(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.clock.set(time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC))
	whos := []Who{{"m1", true}, {"m1", false}, {"m2", true}}
	for _, who := range whos {
		f.enrol(who.MerchantID, who.Livemode, platform.MandateActive, nil)
		f.who = who
		for range 3 {
			f.must(f.cancelBefore(f.create(private(10_00))))
		}
		f.gapless(who, "INV2026", 3)
		f.gapless(who, "CN2026", 3)
	}
	f.clock.set(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)) // the new year has begun in France
	f.must(f.cancelBefore(f.create(private(10_00))))
	f.gapless(f.who, "INV2027", 1)
	f.gapless(f.who, "CN2027", 1)
	if invoice.Code("m1") == invoice.Code("m2") {
		t.Fatal("the test needs two codes")
	}
}

// Midnight of New Year's Eve passes while a request waits for the counter: no number of the old year gets a day of the new one.
func TestTheYearChangesWhileARequestWaitsForItsNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	f.clock.set(time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC))
	f.create(private(10_00))
	tx, err := f.Pool.Begin(t.Context())
	f.must(err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), `select 1 from counters for update`)
	f.must(err)
	done := make(chan error, 1)
	go func() {
		_, err := f.Create(context.Background(), f.who, private(10_00), Idempotency{})
		done <- err
	}()
	f.eventually("it waits", func() bool {
		return f.number(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == 1
	})
	f.clock.advance(time.Second)
	f.must(tx.Commit(t.Context()))
	if err := <-done; err == nil {
		t.Fatal("it got a number of the old year on the first day of the new one")
	}
	f.create(private(10_00))
	f.gapless(f.who, "INV2026", 1)
	f.gapless(f.who, "INV2027", 1)
	if got := fmt.Sprint(f.number(`select count(*) from invoices where issued_on = '2027-01-01'`)); got != "1" {
		t.Fatal(got)
	}
}
