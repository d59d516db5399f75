package table

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/plantest"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// fill records orders of a merchant within that many days before the clock, four in the same instant each: a tenth is of another table, and every
// hundredth is expired. Each has one line.
func (f *fixture) fill(t *testing.T, merchant string, orders int, over time.Duration) {
	t.Helper()
	_, err := f.pool.Exec(t.Context(), `with placed as (insert into orders (id, merchant_id, livemode, number, table_id, table_name, table_token, order_type, pay_now, status,
			holds_stock, customer_name, notes, subtotal_cents, discount_cents, total_cents, vat_cents, offer_name, payment_reference, paid_at, sequence,
			created_at, updated_at)
		select gen_random_uuid(), $1::uuid, n % 2 = 0, n, case when n % 10 = 0 then $5::uuid else $6::uuid end, 'Table 4', md5('x'), 'dine_in', true,
			case when n % 100 = 0 then 'expired' else 'served' end, n % 100 <> 0, '', '', 1250, 0, 1250, 114, '', 'PAY-' || $1::uuid || '-' || n,
			case when n % 100 <> 0 then $2::timestamptz end, 3, $2::timestamptz - n / 4 * ($3::interval / ($4::int / 4 + 1)), $2
		from generate_series(1, $4::int) n returning id)
		insert into order_lines (order_id, position, product_id, name, quantity, notes, unit_price_cents, vat_per_mille, discount_cents, total_cents, vat_cents)
		select id, 1, $1::uuid, 'Café', 1, '', 1250, 100, 0, 1250, 114 from placed`, merchant, f.clock.Now(), over, orders, otherTable, f.table.GetId())
	if err != nil {
		t.Fatal(err)
	}
}

// otherTable has a tenth of the orders that fill makes.
const otherTable = "0b8e7f5a-0000-4000-8000-000000000010"

// Whatever is chosen, the pages together are the orders in their order, each once, and the total is their number.
func TestPagesOfOrdersAreAllOrdersInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(t, f.merchant, 230, 5*24*time.Hour)
	plantest.Settle(t, f.pool)
	f.fill(t, uuid.NewString(), 50, 5*24*time.Hour)
	if _, err := f.pool.Exec(t.Context(), `update orders set status = 'served', holds_stock = true where merchant_id = $1 and number = 100`, f.merchant); err != nil {
		t.Fatal(err) // one that no counter has yet
	}
	now := f.clock.Now()
	for name, r := range map[string]*qrv1.ListOrdersRequest{
		"all":                 {},
		"status":              {Status: "expired"},
		"status of none":      {Status: "ready"},
		"table":               {TableId: otherTable},
		"table and status":    {TableId: otherTable, Status: "expired"},
		"payment":             {PaymentReference: "PAY-" + f.merchant + "-7"},
		"since":               {From: timestamppb.New(now.Add(-50 * time.Hour))},
		"until":               {To: timestamppb.New(now.Add(-50*time.Hour - 11*time.Minute))},
		"between":             {From: timestamppb.New(now.Add(-100 * time.Hour)), To: timestamppb.New(now.Add(-7*time.Hour - 13*time.Minute))},
		"between, of status":  {From: timestamppb.New(now.Add(-100 * time.Hour)), To: timestamppb.New(now.Add(-7 * time.Hour)), Status: "served"},
		"within an hour":      {From: timestamppb.New(now.Add(-90 * time.Minute)), To: timestamppb.New(now.Add(-70 * time.Minute))},
		"empty time":          {From: timestamppb.New(now), To: timestamppb.New(now.Add(-time.Hour))},
		"after the last":      {From: timestamppb.New(now.Add(time.Hour))},
		"until the first":     {To: timestamppb.New(now.Add(-999 * time.Hour))},
		"all, by small pages": {Limit: 3},
	} {
		r.MerchantId = f.merchant
		if r.GetLimit() == 0 {
			r.Limit = 7
		}
		want := f.chosen(t, r)
		plantest.AllPages(t, name, want, func(page int) (ids []string, total int64, err error) {
			r.Page = int32(page)
			res, err := f.ListOrders(t.Context(), r)
			for _, o := range res.GetOrders() {
				ids = append(ids, o.GetId())
			}
			if res.GetTotalIsMinimum() {
				t.Errorf("%s: the total is a minimum", name)
			}
			return ids, res.GetTotal(), err
		})
	}
}

// chosen are the ids of the orders that a request chooses, read without pages.
func (f *fixture) chosen(t *testing.T, r *qrv1.ListOrdersRequest) []string {
	t.Helper()
	from, args := chosenOrders(r)
	list, err := readAll(t.Context(), f.pool, pgx.RowTo[string], `select id::text`+from+` order by created_at desc, id desc`, args...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The last page costs what the first one does, if the orders came in a hundred days and if they came in one.
func TestAnyPageOfOrdersCostsTheSame(t *testing.T) {
	t.Parallel()
	f := setup(t)
	orders := 30_000
	if plantest.Big() {
		orders = 1_000_000
	}
	busy := uuid.NewString()
	f.fill(t, f.merchant, orders, 100*24*time.Hour)
	f.fill(t, busy, orders, 24*time.Hour)
	plantest.Settle(t, f.pool)
	for _, c := range []struct {
		what string
		req  *qrv1.ListOrdersRequest
	}{
		{"of a hundred days", &qrv1.ListOrdersRequest{MerchantId: f.merchant}},
		{"of a hundred days by status", &qrv1.ListOrdersRequest{MerchantId: f.merchant, Status: "served"}},
		{"of a day", &qrv1.ListOrdersRequest{MerchantId: busy}},
		{"of a day by status", &qrv1.ListOrdersRequest{MerchantId: busy, Status: "served"}},
	} {
		plantest.EvenPages(t, f.pool, "orders "+c.what, orders*99/100, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
			c.req.Page, c.req.Limit = int32(page), plantest.PageSize
			list, _, err := listOrders(ctx, pool, c.req)
			return len(list), err
		})
	}
}
