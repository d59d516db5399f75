package merchant

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/plantest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

// many fills the tables with merchants, each with a user and two API keys. Every second one is a shop, every 1000th a bakery.
func many(t *testing.T) (pool *pgxpool.Pool, merchants int) {
	t.Helper()
	pool, _ = pgtest.New(t, "gateway", migrations.FS)
	merchants = 20_000
	if plantest.Big() {
		merchants = 200_000
	}
	for _, sql := range []string{
		`insert into merchants (id, name, legal_name, siren, email, created_at, updated_at, pending) select md5(n::text)::uuid,
			case when n % 1000 = 0 then 'Boulangerie ' when n % 2 = 0 then 'Shop ' else 'Café ' end || n, 'Société ' || n, right('000000000' || n, 9),
			'm' || n || '@example.com', '2026-01-01'::timestamptz + n * interval '1 min', now(), n % 50 = 0 from generate_series(1, $1::int) n`,
		`insert into users (id, email, password_hash, role, merchant_id, created_at) select md5('u' || n)::uuid, 'owner' || n || '@example.org', 'x', 'merchant',
			md5(n::text)::uuid, now() from generate_series(1, $1::int) n`,
		`insert into api_keys (id, merchant_id, public, livemode, name, scopes, per_minute, created_at) select md5('k' || n)::uuid, md5((n / 2 + 1)::text)::uuid,
			'pk_test_' || md5(n::text), false, 'Till', '{}', 100, now() from generate_series(1, 2 * $1::int - 1) n`,
	} {
		if _, err := pool.Exec(t.Context(), sql, merchants); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `vacuum analyze`); err != nil {
		t.Fatal(err)
	}
	return pool, merchants
}

// The last page of all merchants costs what the first one does, and the total is the number of those that are not pending.
func TestAnyPageOfMerchantsCostsTheSame(t *testing.T) {
	t.Parallel()
	pool, merchants := many(t)
	plantest.Settle(t, pool)
	listed := int64(merchants / 50 * 49)
	plantest.EvenPages(t, pool, "merchants", int(listed), func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error) {
		found, total, err := list(ctx, pool, page, plantest.PageSize)
		if err == nil && total != listed {
			t.Errorf("page %d says that there are %d merchants instead of %d", page, total, listed)
		}
		return len(found), err
	})
}

// The pages are all merchants that are not pending, in their order: also those that were pending a moment ago.
func TestPagesOfMerchantsAreAllMerchantsInTheirOrder(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	for _, sql := range []string{
		`insert into merchants (id, name, email, created_at, updated_at, pending) select md5(n::text)::uuid, 'Shop', 'm' || n || '@example.com',
			'2026-01-01'::timestamptz + n / 4 * interval '11 min', now(), n % 10 = 0 from generate_series(1, 150) n`,
		`update merchants set pending = false where email = 'm20@example.com'`,
		`delete from merchants where email in ('m30@example.com', 'm31@example.com')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	if err := pool.QueryRow(t.Context(), `select array_agg(id::text order by created_at desc, id desc) from merchants where not pending`).Scan(&want); err != nil {
		t.Fatal(err)
	}
	for _, settled := range []bool{false, true} {
		if settled {
			plantest.Settle(t, pool)
		}
		plantest.AllPages(t, "merchants", want, func(page int) (ids []string, total int64, err error) {
			found, total, err := list(t.Context(), pool, page, 7)
			for _, m := range found {
				ids = append(ids, m.ID)
			}
			return ids, total, err
		})
	}
}

func TestASearchAmongAllMerchantsIsBounded(t *testing.T) {
	t.Parallel()
	pool, _ := many(t)
	for text, c := range map[string]struct {
		index string
		total int64
		most  int64
	}{
		"boulangerie 3000":  {"merchants_names", 0, 100}, // it is pending
		"société 4711":      {"merchants_names", 0, 100}, // also 47110 and so on, where there are so many
		"m4711@":            {"merchants_addresses", 1, 60},
		"owner4711@example": {"users_addresses", 1, 60},
		"pk_test_9a1":       {"api_keys_public", 0, 600}, // how many is random
		"000004711":         {"merchants_sirens", 1, 60},
		// What half of all merchants are called is found for the first thousand of them.
		"shop": {"", 0, 4500},
		// So is a beginning that all addresses have.
		"owner": {"", 0, 4500},
	} {
		var total int64
		p := plantest.Of(t, pool, func(ctx context.Context, pool *pgxpool.Pool) (err error) {
			var list []Merchant
			list, total, err = search(ctx, pool, wantedOf(text), 1, 20)
			if len(list) != min(int(total), 20) || total > mostFound || slices.ContainsFunc(list, func(m Merchant) bool { return m.ID == "" }) {
				t.Errorf("%q finds %d of %d", text, len(list), total)
			}
			return err
		})
		if c.total > 0 && total != c.total {
			t.Errorf("%q finds %d merchants instead of %d", text, total, c.total)
		}
		if c.index != "" && !p.Uses(c.index) {
			t.Errorf("%q does without %s:\n%s", text, c.index, p)
		}
		if read := p.Buffers(); read > c.most {
			t.Errorf("%q reads %d pages instead of at most %d:\n%s", text, read, c.most, p)
		} else {
			t.Logf("%q finds %d and reads %d pages", text, total, read)
		}
	}
}
