package ledger

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/plantest"
)

// fill records invoices of a merchant, four in each instant, within that time before the clock. A hundredth has failed, and a tenth is corrected.
// A document has as many letters as one with a few lines.
func (f *fixture) fill(merchant string, n int, over time.Duration) {
	f.exec(`with issued as (
			insert into invoices (id, merchant_id, livemode, number, type_code, status, audience, customer_name, payment_reference, issued_on, due_on,
				total_cents, document, seqino_status, created_at, updated_at)
			select gen_random_uuid(), $1, true, 'INV-' || n, '380', case when n % 100 = 0 then 'failed' else 'paid' end, 'B2C', 'x', 'PAY-' || n,
				'2026-11-21', '2026-11-21', 100, jsonb_build_object('payment_terms', (select string_agg(md5(n || '-' || m), '') from generate_series(1, 40) m)), 'submitted', $2::timestamptz - n / 4 * ($3::interval / ($4::int / 4 + 1)), $2
			from generate_series(1, $4::int) n returning *)
		insert into invoices (id, merchant_id, livemode, number, type_code, corrects, status, audience, customer_name, issued_on, due_on, total_cents,
				credit_cents, document, seqino_status, created_at, updated_at)
			select gen_random_uuid(), $1, true, 'CN-' || number, '381', id, 'paid', 'B2C', 'x', '2026-11-21', '2026-11-21', 100, 100, '{}', 'submitted',
				created_at, $2 from issued where number like '%0'`, merchant, f.clock.now(), over, n)
}

// Whatever is chosen, the pages together are the invoices in their order, each once, and the total is their number: folded or not.
func TestPagesOfInvoicesAreAllInvoicesInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill("m1", 230, 5*24*time.Hour)
	plantest.Settle(t, f.Pool)
	f.fill("m2", 30, time.Hour)
	f.exec(`update invoices set status = 'paid' where number in ('INV-100', 'CN-INV-100')`)
	f.exec(`update invoices set status = 'cancelled' where number = 'INV-7' and merchant_id = 'm1'`)
	now := f.clock.now()
	for name, c := range map[string]Filter{
		"all":                {},
		"paid":               {Status: StatusPaid},
		"cancelled":          {Status: StatusCancelled},
		"of a payment":       {Payment: "PAY-20"},
		"since":              {From: now.Add(-50*time.Hour - 7*time.Minute)},
		"between":            {From: now.Add(-100 * time.Hour), To: now.Add(-7*time.Hour - 13*time.Minute - 5*time.Second)},
		"failed, between":    {From: now.Add(-100 * time.Hour), To: now.Add(-time.Hour), Status: StatusFailed},
		"within half a day":  {From: now.Add(-13*time.Hour - time.Second), To: now.Add(-25 * time.Minute)},
		"after the last":     {From: now.Add(time.Hour)},
		"beyond its own end": {From: now, To: now.Add(-time.Hour)},
	} {
		c.Limit = 7
		where, args := c.where(f.who)
		rows, err := f.Pool.Query(t.Context(), `select i.id::text from invoices i `+where+` order by i.created_at desc, i.id desc`, args...)
		f.must(err)
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		f.must(err)
		plantest.AllPages(t, name, want, func(page int) (ids []string, total int64, err error) {
			c.Page = page
			list, total, err := f.List(t.Context(), f.who, c)
			for i := range list {
				ids = append(ids, list[i].ID.String())
			}
			return ids, total, err
		})
	}
}

// The last page costs what the first one does, if the invoices were issued in a hundred days and if they were in one.
func TestAnyPageOfInvoicesCostsTheSame(t *testing.T) {
	t.Parallel()
	f := setup(t)
	n := 20_000
	if plantest.Big() {
		n = 1_000_000
	}
	f.fill("m1", n, 100*24*time.Hour)
	f.fill("m2", n, 24*time.Hour)
	plantest.Settle(t, f.Pool)
	for what, c := range map[string]struct {
		merchant string
		status   Status
	}{
		"of a hundred days": {"m1", ""}, "of a hundred days by status": {"m1", "paid"}, "of a day": {"m2", ""}, "of a day by status": {"m2", "paid"},
	} {
		plantest.EvenPages(t, f.Pool, "invoices "+what, n*99/100, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
			list, _, err := (&Ledger{Deps: Deps{Reads: pool}}).List(ctx, Who{MerchantID: c.merchant, Livemode: true}, Filter{
				Status: c.status, Page: page, Limit: plantest.PageSize,
			})
			return len(list), err
		})
	}
}
