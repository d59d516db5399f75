package audit

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/plantest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The log only grows, and is read from one of its ends to the other.
func TestAnyPartOfTheLogCostsTheSame(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	rows := 40_000
	if plantest.Big() {
		rows = 1_000_000
	}
	merchant := uuid.NewString() // it has half of the entries, the others are those of merchants with ten each
	for _, sql := range []string{
		`insert into audit_log (at, actor, action, target, merchant_id) select '2026-11-21'::timestamptz + n * interval '1 s', 'system:test', 'merchant.updated',
			'x', case when n % 2 = 0 then $1::uuid else md5((n / 20)::text)::uuid end from generate_series(1, $2::int) n`,
		`vacuum analyze audit_log`,
	} {
		args := []any{merchant, rows}
		if sql[:6] == "vacuum" {
			args = nil
		}
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	most := int64(0)
	for what, after := range map[string]int64{"the beginning": 0, "the middle": int64(rows) / 2, "the end": 60} {
		p := plantest.Of(t, pool, func(ctx context.Context, pool *pgxpool.Pool) error {
			list, more, err := NewLog(pool, time.Now).List(ctx, merchant, after, 20)
			if len(list) != 20 || !more {
				t.Errorf("%s: %d entries, more: %t", what, len(list), more)
			}
			return err
		})
		p.Bounded(t, what+" of the log", 40)
		most = max(most, p.Buffers())
	}
	small := plantest.Of(t, pool, func(ctx context.Context, pool *pgxpool.Pool) error {
		var small string
		if err := pool.QueryRow(ctx, `select md5('1')::uuid::text`).Scan(&small); err != nil {
			return err
		}
		list, more, err := NewLog(pool, time.Now).List(ctx, small, 0, 20)
		if len(list) != 10 || more {
			t.Errorf("%d entries of a small merchant, more: %t", len(list), more)
		}
		return err
	})
	small.Bounded(t, "the log of a small merchant", 40)
	if !small.Uses("audit_log_of_merchant") {
		t.Errorf("the log of a small merchant is not read by its index:\n%s", small)
	}
	t.Logf("a part of %d entries reads at most %d pages", rows, most)
}
