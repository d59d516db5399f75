package received

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/plantest"
	"european-pay.eu/eupay/internal/tally"
)

// fill records received invoices of a merchant, four in each instant, within that time before the clock. A hundredth is disputed, a tenth is of
// another seller, and another hundredth is still to be fetched.
func (f *fixture) fill(merchant string, n int, over time.Duration) {
	f.t.Helper()
	_, err := f.Pool.Exec(f.t.Context(), `insert into received_invoices (id, merchant_id, livemode, platform_id, format, received_at, fetch_at, status, seller_siren,
			created_at, updated_at)
		select gen_random_uuid(), $1, false, 'in_' || n, 'cii', $2, case when n % 100 = 1 then $2::timestamptz end,
			case when n % 100 = 0 then 'disputed' else 'received' end, case when n % 10 = 0 then '732829320' else '404833048' end,
			$2::timestamptz - n / 4 * ($3::interval / ($4::int / 4 + 1)), $2 from generate_series(1, $4::int) n`, merchant, f.clock.Now(), over, n)
	f.must(err)
}

// Whatever is chosen, the pages together are the invoices in their order, each once, and the total is their number: folded or not.
func TestPagesOfReceivedInvoicesAreAllInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill("m1", 230, 5*24*time.Hour)
	plantest.Settle(t, f.Pool)
	f.fill("m2", 30, time.Hour)
	for _, change := range []string{
		`update received_invoices set fetch_at = null where platform_id = 'in_101'`, // it was fetched
		`update received_invoices set status = 'accepted' where platform_id = 'in_7'`,
	} {
		_, err := f.Pool.Exec(t.Context(), change)
		f.must(err)
	}
	now := f.clock.Now()
	for name, c := range map[string]Filter{
		"all":                {},
		"disputed":           {Status: "disputed"},
		"accepted":           {Status: "accepted"},
		"of a seller":        {SellerSIREN: "732829320"},
		"since":              {From: now.Add(-50*time.Hour - 7*time.Minute)},
		"between":            {From: now.Add(-100 * time.Hour), To: now.Add(-7*time.Hour - 13*time.Minute - 5*time.Second)},
		"received, between":  {From: now.Add(-100 * time.Hour), To: now.Add(-time.Hour), Status: "received"},
		"after the last":     {From: now.Add(time.Hour)},
		"beyond its own end": {From: now, To: now.Add(-time.Hour)},
	} {
		c.Limit = 7
		where, args := c.where(f.who)
		rows, err := f.Pool.Query(t.Context(), `select r.id::text from received_invoices r `+where+` order by r.created_at desc, r.id desc`, args...)
		f.must(err)
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		f.must(err)
		plantest.AllPages(t, name, want, func(page int) (ids []string, total int64, err error) {
			c.Page = page
			list, all, err := f.List(t.Context(), f.who, c)
			for i := range list {
				ids = append(ids, list[i].ID.String())
			}
			return ids, all.Rows, err
		})
	}
}

// The last page costs what the first one does. Of those that no counter knows, no more are counted than the bound.
func TestAnyPageOfReceivedInvoicesCostsTheSame(t *testing.T) {
	t.Parallel()
	f := setup(t)
	n := 20_000
	if plantest.Big() {
		n = 1_000_000
	}
	f.fill("m1", n, 100*24*time.Hour)
	plantest.Settle(t, f.Pool)
	for _, status := range []string{"", "received"} {
		plantest.EvenPages(t, f.Pool, "received invoices "+status, n*98/100, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
			list, _, err := (&Inbox{Deps: Deps{Reads: pool}}).List(ctx, f.who, Filter{Status: status, Page: page, Limit: plantest.PageSize})
			return len(list), err
		})
	}
	_, total, err := f.List(t.Context(), f.who, Filter{SellerSIREN: "404833048", Page: 1, Limit: 1})
	if err != nil || total != (tally.Total{Rows: tally.Most, Minimum: true}) {
		t.Errorf("the total of a seller with more than the bound is %+v: %v", total, err)
	}
}
