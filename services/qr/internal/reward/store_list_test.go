package reward

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/plantest"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// fill records members of a merchant with a redemption each, made within that time, of which a hundredth has expired. Every fourth has an id of the same
// millisecond as the one before.
func (f *fixture) fill(t *testing.T, merchant string, n int, over time.Duration) {
	t.Helper()
	const id = `(lpad(to_hex((extract(epoch from $2::timestamptz) * 1000)::bigint - (n - n / 4) * (extract(epoch from $3::interval) * 1000 / $4::int)::bigint), 12, '0')
		|| '7' || substr(md5(%s || $1 || n), 1, 3) || '8' || substr(md5(n || %[1]s || $1), 1, 15))::uuid`
	for _, sql := range []string{
		`insert into reward_members (id, merchant_id, livemode, kind, subject, created_at) select ` + fmt.Sprintf(id, "'m'") +
			`, $1, false, 'number', 'N' || n, $2 from generate_series(1, $4::int) n`,
		`insert into reward_redemptions (id, merchant_id, livemode, member_id, status, points, amount_cents, reference, actor, expires_at, created_at, ended_at)
			select ` + fmt.Sprintf(id, "'r'") + `, $1, false, ` + fmt.Sprintf(id, "'m'") + `, case when n % 100 = 0 then 'expired' else 'captured' end, 1, 1, '', '',
			$2, $2, $2 from generate_series(1, $4::int) n`,
	} {
		if _, err := f.pool.Exec(t.Context(), sql, merchant, f.now, over, n); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) ids(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := f.pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Whatever is chosen, the pages together are the rows in their order, each once, and the total is their number: folded or not.
func TestPagesOfMembersAndRedemptionsAreAllInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fill(t, "m_1", 120, 3*time.Hour)
	plantest.Settle(t, f.pool)
	f.fill(t, "m_2", 30, time.Hour)
	if _, err := f.pool.Exec(t.Context(), `update reward_redemptions set status = 'released' where merchant_id = 'm_1' and reference = '' and status = 'expired'`); err != nil {
		t.Fatal(err)
	}
	for _, merchant := range []string{"m_1", "m_2", "m_3"} {
		plantest.AllPages(t, "members of "+merchant, f.ids(t, `select id::text from reward_members where merchant_id = $1 order by id desc`, merchant),
			func(page int) (ids []string, total int64, err error) {
				res, err := f.s.ListMembers(t.Context(), &qrv1.ListMembersRequest{MerchantId: merchant, Page: int32(page), Limit: 7})
				for _, m := range res.GetMembers() {
					ids = append(ids, m.GetId())
				}
				return ids, res.GetTotal(), err
			})
		for _, status := range []string{"", "captured", "expired", "released"} {
			plantest.AllPages(t, status+" redemptions of "+merchant,
				f.ids(t, `select id::text from reward_redemptions where merchant_id = $1 and ($2 = '' or status = $2) order by id desc`, merchant, status),
				func(page int) ([]string, int64, error) {
					return f.redemptions(t, &qrv1.ListRedemptionsRequest{MerchantId: merchant, Status: status, Page: int32(page), Limit: 7})
				})
		}
	}
	member := f.ids(t, `select member_id::text from reward_redemptions where merchant_id = 'm_1' limit 1`)[0]
	plantest.AllPages(t, "redemptions of a member", f.ids(t, `select id::text from reward_redemptions where member_id = $1`, member),
		func(page int) ([]string, int64, error) {
			return f.redemptions(t, &qrv1.ListRedemptionsRequest{MerchantId: "m_1", MemberId: member, Page: int32(page), Limit: 7})
		})
	for page, want := range map[int32]int{1: 1, 2: 0} {
		res, err := f.s.ListMembers(t.Context(), &qrv1.ListMembersRequest{MerchantId: "m_1", CustomerNumber: "N7", Page: page, Limit: 1})
		if err != nil || len(res.GetMembers()) != want || res.GetTotal() != 1 {
			t.Errorf("page %d of the member of a number: %v, %v", page, res, err)
		}
	}
}

func (f *fixture) redemptions(t *testing.T, r *qrv1.ListRedemptionsRequest) (ids []string, total int64, err error) {
	t.Helper()
	res, err := f.s.ListRedemptions(t.Context(), r)
	for _, one := range res.GetRedemptions() {
		ids = append(ids, one.GetId())
	}
	if res.GetTotalIsMinimum() {
		t.Errorf("the total of %v is a minimum", r)
	}
	return ids, res.GetTotal(), err
}

// The last page costs what the first one does.
func TestAnyPageOfMembersAndRedemptionsCostsTheSame(t *testing.T) {
	t.Parallel()
	f := setup(t)
	n := 30_000
	if plantest.Big() {
		n = 1_000_000
	}
	f.fill(t, "m_1", n, 100*24*time.Hour)
	plantest.Settle(t, f.pool)
	plantest.EvenPages(t, f.pool, "members", n, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
		list, _, err := listMembers(ctx, pool, "m_1", false, plantest.PageSize, int64(page-1)*plantest.PageSize)
		return len(list), err
	})
	for _, status := range []string{"", "captured"} {
		plantest.EvenPages(t, f.pool, "redemptions "+status, n*99/100, func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
			list, _, err := listRedemptions(ctx, pool, &qrv1.ListRedemptionsRequest{MerchantId: "m_1", Status: status, Page: int32(page), Limit: plantest.PageSize})
			return len(list), err
		})
	}
}
