// Package big fills databases with as many payments as years bring, for tests and figures that are about size: each with its history, events,
// deliveries and attempts. A million takes minutes. `make bench-big` runs all that uses it.
package big

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	full  = 1_000_000
	brief = 20_000
	// step is how many payments one statement makes.
	step = 20_000
)

var (
	//go:embed payments.sql
	paymentsSQL string
	//go:embed webhooks.sql
	webhooksSQL string
)

// Whole reports whether EUPAY_BIG=1 asks for the whole size.
func Whole() bool { return os.Getenv("EUPAY_BIG") == "1" }

// Size is how many payments a test makes: a million with EUPAY_BIG=1, otherwise few enough for every run.
func Size() int {
	if Whole() {
		return full
	}
	return brief
}

// Payments fills the schema of the payments service with n payments of 1,000 merchants, a fifth of them of one, evenly made in the time span before now.
// 98 of 100 are completed and one in ten is in test mode. The outbox has the events of the last 50 hours.
func Payments(t testing.TB, pool *pgxpool.Pool, n int, now time.Time, span time.Duration) {
	t.Helper()
	fill(t, pool, paymentsSQL, n, now, span)
}

// Webhooks fills the schema of the webhooks service with what n such payments cause there: three events each, and one delivery with one attempt.
func Webhooks(t testing.TB, pool *pgxpool.Pool, n int, now time.Time, span time.Duration) {
	t.Helper()
	fill(t, pool, webhooksSQL, n, now, span)
}

// idOf makes UUIDv7s of a time and a hash in hex.
const idOf = `create or replace function pg_temp.id_of(at timestamptz, h text) returns uuid language sql immutable as $$
	select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || left(h, 3) || '8' || substr(h, 4, 15))::uuid $$`

func fill(t testing.TB, pool *pgxpool.Pool, sql string, n int, now time.Time, span time.Duration) {
	t.Helper()
	sql = strings.ReplaceAll(sql, "id_of(", "pg_temp.id_of(")
	err := pgx.BeginFunc(context.Background(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(context.Background(), idOf); err != nil {
			return fmt.Errorf("make the function of ids: %w", err)
		}
		for from := 1; from <= n; from += step {
			if _, err := tx.Exec(context.Background(), sql, from, min(from+step-1, n), now, span.Seconds(), n); err != nil {
				return fmt.Errorf("make payments from %d: %w", from, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(context.Background(), `vacuum (analyze)`); err != nil {
		t.Fatal(err)
	}
}

// Table says what the rows of a table take, with its partitions, its indexes and what is stored apart.
type Table struct {
	Name                 string
	Rows, Heap, Indexes  int64
	PerPayment, PerRowOf float64
}

// Sizes lists the tables of the pool's schema that have rows, the largest first. payments is how many the sizes are divided by.
func Sizes(t testing.TB, pool *pgxpool.Pool, payments int) []Table {
	t.Helper()
	rows, err := pool.Query(context.Background(), `select name, sum(rows)::bigint as rows, sum(heap)::bigint as heap, sum(indexes)::bigint as indexes,
			sum(heap + indexes)::float8 / $1 as per_payment, sum(heap + indexes)::float8 / nullif(sum(rows), 0) as per_row_of
		from (select coalesce(i.inhparent::regclass, c.oid::regclass)::text as name, greatest(c.reltuples, 0) as rows, pg_table_size(c.oid) as heap,
				pg_indexes_size(c.oid) as indexes
			from pg_class c left join pg_inherits i on i.inhrelid = c.oid where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace) t
		group by name having sum(rows) >= $1 / 100 order by sum(heap + indexes) desc`, payments)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Table])
	if err != nil {
		t.Fatal(err)
	}
	return list
}
