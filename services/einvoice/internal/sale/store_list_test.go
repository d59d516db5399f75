package sale

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/plantest"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// fill records that many days of seven tills each of m1, the last on 21 November 2026, and for each of them a payment that nobody said the VAT of.
func (r *rig) fill(days int) {
	r.exec(`insert into till_sales (id, merchant_id, livemode, till, sold_on, totals, created_at, updated_at)
		select gen_random_uuid(), 'm1', true, 'Till ' || n % 7, '2026-11-21'::date - n / 7, '[]', now(), now() from generate_series(0, $1::int * 7 - 1) n`, days)
	r.exec(`insert into consumer_sales (payment_reference, merchant_id, livemode, sold_on, amount_cents, untaxed, on_debits, unknown, created_at)
		select 'PAY-' || n, 'm1', true, '2026-11-21'::date - n / 7, 100 + n, false, false, n % 2 = 0, now() from generate_series(0, $1::int * 7 - 1) n`, days)
}

func (r *rig) enrolment() enrol.Enrolment {
	r.t.Helper()
	e, err := enrol.Read(r.t.Context(), r.pool, "m1", true)
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

// Whatever is chosen, the pages together are the tills' days in their order, each once, and the total is their number: folded or not.
func TestPagesOfTillsAreAllTheirDays(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.fill(40)
	plantest.Settle(t, r.pool)
	r.exec(`delete from till_sales where sold_on = '2026-11-20' and till = 'Till 3'`)
	who := Who{"m1", true}
	for name, days := range map[string][2]invoice.Date{
		"all": {firstDay, lastDay}, "a month": {"2026-10-15", "2026-11-15"}, "a day": {"2026-11-20", "2026-11-20"},
		"none": {"2026-12-01", "2026-12-31"}, "no time": {"2026-11-20", "2026-11-01"},
	} {
		rows, err := r.pool.Query(t.Context(), `select id::text from till_sales where merchant_id = 'm1' and sold_on between $1::text::date and $2::text::date
			order by sold_on desc, till`, string(days[0]), string(days[1]))
		if err != nil {
			t.Fatal(err)
		}
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plantest.AllPages(t, name, want, func(page int) (ids []string, total int64, err error) {
			list, total, err := r.tills(t.Context(), who, days[0], days[1], page, 5)
			for _, one := range list {
				ids = append(ids, one.ID.String())
			}
			return ids, total, err
		})
	}
}

// What is not reported is counted as it changes.
func TestWhatIsNotReportedIsCounted(t *testing.T) {
	t.Parallel()
	r := setup(t)
	e := r.enrolment()
	if u, err := r.unreported(t.Context(), e); err != nil || u != (Unreported{}) {
		t.Errorf("without sales %+v is not reported: %v", u, err)
	}
	r.fill(2) // 14 payments of 1.00 to 1.13 euros, of which each second is unknown
	plantest.Settle(t, r.pool)
	if u, err := r.unreported(t.Context(), e); err != nil || u != (Unreported{7, 742, "2026-11-20"}) {
		t.Errorf("%+v is not reported: %v", u, err)
	}
	r.exec(`update consumer_sales set unknown = false where sold_on = '2026-11-20'`)
	r.exec(`update consumer_sales set unknown = true where payment_reference = 'PAY-1'`)
	if u, err := r.unreported(t.Context(), e); err != nil || u != (Unreported{5, 513, "2026-11-21"}) {
		t.Errorf("after a change %+v is not reported: %v", u, err)
	}
}

// The last page of tills costs what the first one does, and so does what is not reported.
func TestAnyPageOfTillsCostsTheSame(t *testing.T) {
	t.Parallel()
	r := setup(t)
	days := 3000
	r.fill(days)
	plantest.Settle(t, r.pool)
	who := Who{"m1", true}
	plantest.EvenPages(t, r.pool, "tills", days*7, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
		list, _, err := (&Sales{Reads: pool}).tills(ctx, who, firstDay, lastDay, page, plantest.PageSize)
		return len(list), err
	})
	e := r.enrolment()
	plantest.Of(t, r.pool, func(ctx context.Context, pool *pgxpool.Pool) error {
		_, err := (&Sales{Reads: pool}).unreported(ctx, e)
		return err
	}).Bounded(t, "what is not reported", 60)
}
