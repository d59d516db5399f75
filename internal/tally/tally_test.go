package tally_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

const (
	shop  = "22222222-2222-4222-8222-222222222222"
	older = "11111111-1111-4111-8111-111111111111"
)

var begin = time.Date(2026, 1, 31, 22, 0, 0, 0, time.UTC)

func setup(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, _ := pgtest.New(t, "things", os.DirFS("testdata/migrations"))
	return pool
}

func exec(t rapid.TB, db pg.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// TestRowsAreCountedWhateverTheSearchPathIs: an operator's session has none of the service's.
func TestRowsAreCountedWhateverTheSearchPathIs(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		var table string
		if err := tx.QueryRow(t.Context(), `select quote_ident(current_schema()) || '.things'`).Scan(&table); err != nil {
			return err
		}
		exec(t, tx, `set local search_path to ''`)
		exec(t, tx, `insert into `+table+` (id, merchant_id, livemode, status, cents, created_at) values (1, $1, false, 'new', 1, $2)`, shop, begin)
		exec(t, tx, `update `+table+` set status = 'paid'`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, pool, of(shop), 0)
}

func of(merchant string) tally.Filter { return tally.Filter{List: "things", MerchantID: merchant} }

// counted is what the rows themselves say.
func counted(t rapid.TB, db pg.DB, f tally.Filter) (all []tally.Part) {
	t.Helper()
	rows, err := db.Query(context.Background(), `select 0, status, count(*), sum(cents)::bigint from things where `+chosen+` group by status order by status`, arguments(f)...)
	if err != nil {
		t.Fatal(err)
	}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p tally.Part, err error) {
		return p, row.Scan(&p.Part, &p.Group, &p.Rows, &p.Cents)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const chosen = `merchant_id = $1 and livemode = $2 and ($3::text[] is null or status = any($3)) and ($4::timestamptz is null or created_at >= $4)
	and ($5::timestamptz is null or created_at < $5)`

func arguments(f tally.Filter) []any {
	null := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return []any{f.MerchantID, f.Livemode, f.Groups, null(f.From), null(f.To)}
}

// check compares the counters with the rows, and the row at an offset with the one that Find leads to.
func check(t rapid.TB, db pg.DB, f tally.Filter, offset int64) {
	t.Helper()
	ctx := context.Background()
	f.Edge = func(ctx context.Context, from, to time.Time) (n int64, err error) {
		edge := f
		edge.From, edge.To = from, to
		return n, db.QueryRow(ctx, `select count(*) from things where `+chosen, arguments(edge)...).Scan(&n)
	}
	want := counted(t, db, f)
	var total int64
	for _, p := range want {
		total += p.Rows
	}
	if f.From.Truncate(time.Minute).Equal(f.From) && f.To.Truncate(time.Minute).Equal(f.To) {
		if got, err := tally.ByGroup(ctx, db, f, tally.Period{From: f.From, To: f.To}); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v: counters %v, rows %v: %v", f, got, want, err)
		}
	}
	place, err := tally.Find(ctx, db, f, offset)
	if err != nil || place.Total != total || place.Beyond != (offset >= total) {
		t.Fatalf("%+v at %d of %d rows: %+v, %v", f, offset, total, place, err)
	}
	if place.Beyond {
		return
	}
	var minute int64 // a minute may have more rows than are skipped elsewhere
	if err := db.QueryRow(ctx, `select count(*) from things where `+chosen+` and created_at >= $6::timestamptz - interval '1 min' and created_at < $6`,
		append(arguments(f), place.Before)...).Scan(&minute); err != nil {
		t.Fatal(err)
	}
	if place.Skip >= max(minute, 40) {
		t.Fatalf("%+v at %d: %d rows are skipped", f, offset, place.Skip)
	}
	var at, found int64
	const order = ` order by created_at desc, id desc limit 1 offset `
	if err := db.QueryRow(ctx, `select id from things where `+chosen+order+fmt.Sprint(offset), arguments(f)...).Scan(&at); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(ctx, `select id from things where `+chosen+` and created_at < $6`+order+fmt.Sprint(place.Skip), append(arguments(f), place.Before)...).Scan(&found); err != nil || at != found {
		t.Fatalf("%+v at %d: %+v leads to %d, not to %d: %v", f, offset, place, found, at, err)
	}
}

var statuses = []string{"pending", "completed", "failed"}

// within draws a time in the two months of the rows, often at the edge of a minute, an hour, a day or the month.
func within(t *rapid.T, what string) time.Time {
	unit := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, what+" unit")
	n := rapid.Int64Range(0, int64(60*24*time.Hour/unit)).Draw(t, what)
	return begin.Truncate(24 * time.Hour).Add(time.Duration(n) * unit)
}

func drawFilter(t *rapid.T) tally.Filter {
	f := of(shop)
	f.Livemode = rapid.Bool().Draw(t, "live")
	if rapid.Bool().Draw(t, "grouped") {
		f.Groups = rapid.SliceOfNDistinct(rapid.SampledFrom(statuses), 0, 3, rapid.ID[string]).Draw(t, "groups")
	}
	if rapid.Bool().Draw(t, "from") {
		f.From = within(t, "from")
	}
	if rapid.Bool().Draw(t, "to") {
		f.To = within(t, "to")
	}
	if !f.To.IsZero() && f.From.After(f.To) {
		f.From, f.To = f.To, f.From
	}
	return f
}

func TestCountersAreWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		exec(t, pool, `delete from things where merchant_id = $1`, shop)
		id := 0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				n := rapid.SampledFrom([]int{1, 2, 300}).Draw(t, "n")
				exec(t, pool, `insert into things select $1::int + n, $2, $3, $4, n, $5::timestamptz + n * $6::interval from generate_series(1, $7::int) n`, id, shop,
					rapid.Bool().Draw(t, "live"), rapid.SampledFrom(statuses).Draw(t, "status"), within(t, "at"),
					rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Hour}).Draw(t, "apart"), n)
				id += n
			case 2:
				exec(t, pool, `update things set status = $2, cents = cents + $3 where merchant_id = $1 and id % 3 = $4`, shop,
					rapid.SampledFrom(statuses).Draw(t, "status"), rapid.IntRange(0, 1).Draw(t, "cents"), rapid.IntRange(0, 2).Draw(t, "third"))
			case 3:
				exec(t, pool, `delete from things where merchant_id = $1 and id % 5 = $2`, shop, rapid.IntRange(0, 4).Draw(t, "fifth"))
			default:
				if _, err := tally.Fold(context.Background(), pool); err != nil {
					t.Fatal(err)
				}
			}
			check(t, pool, drawFilter(t), rapid.Int64Range(0, 700).Draw(t, "offset"))
		}
	})
}

// TestCountersAreExactWhileOthersWriteAndFold: in the snapshot of each reader the counters are what count(*) is.
func TestCountersAreExactWhileOthersWriteAndFold(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writing, folding sync.WaitGroup
	for w := range 4 {
		writing.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(w)))
			for i := range 150 {
				id := w*1000 + i
				err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
					if _, err := tx.Exec(ctx, `insert into things values ($1, $2, false, 'pending', $3, $4)`, id, shop, i, begin.Add(time.Duration(random.IntN(10000))*time.Second)); err != nil {
						return err
					}
					if _, err := tx.Exec(ctx, `update things set status = $1 where id = $2`, statuses[random.IntN(3)], w*1000+random.IntN(i+1)); err != nil {
						return err
					}
					if i%7 == 0 {
						return errUndone
					}
					return nil
				})
				if err != nil && !errors.Is(err, errUndone) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		folding.Go(func() {
			for ctx.Err() == nil {
				if _, err := tally.Fold(ctx, pool); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	for reads, ended := 0, false; !ended; reads++ {
		select {
		case <-done:
			ended = true
		default:
		}
		if err := pgx.BeginTxFunc(t.Context(), pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			check(t, tx, of(shop), int64(reads%500))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	folding.Wait()
}

var errUndone = errors.New("undone")

func TestRowsThatWereThereBeforeAreCounted(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	check(t, pool, of(older), 99)
	check(t, pool, of(older), 100)
	f := of(older)
	f.From = time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC)
	check(t, pool, f, 3)
	exec(t, pool, `update things set status = 'new' where id = -1`)
	check(t, pool, of(older), 0)
}

func TestFoldedChangesAreGoneAndSoAreCountersOfZero(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	exec(t, pool, `insert into things select n, $1, false, 'pending', 100, $2::timestamptz + n * interval '1 second' from generate_series(1, 5000) n`, shop, begin)
	exec(t, pool, `update things set status = 'completed' where merchant_id = $1`, shop)
	for {
		n, err := tally.Fold(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	check(t, pool, of(shop), 4000)
	var left, pending, counters int
	if err := pool.QueryRow(t.Context(), `select (select count(*) from row_count_deltas), count(*) filter (where grp = 'pending'), count(*) from row_counts where merchant_id = $1`, shop).
		Scan(&left, &pending, &counters); err != nil || left != 0 || pending != 0 || counters != 1+1+2+84 {
		t.Errorf("%d changes are left, %d of %d counters are of no row: %v", left, pending, counters, err)
	}
}

func TestAPeriodThatNothingCanCountIsRefused(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	f := of(shop)
	f.From = begin.Add(time.Second)
	if _, err := tally.Find(t.Context(), pool, f, 0); err == nil {
		t.Error("it is counted")
	}
}

func TestAListThatNoCounterKnowsIsCountedUpToAPoint(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	exec(t, pool, `insert into things select n, $1, false, case when n <= 10000 then 'few' else 'many' end, 100, $2 from generate_series(1, 20001) n`, shop, begin)
	for status, want := range map[string]bool{"few": false, "many": true} {
		if got, err := tally.AtMost(t.Context(), pool, `from things where merchant_id = $1 and status = $2`, shop, status); err != nil || got != (tally.Total{Rows: tally.Most, Minimum: want}) {
			t.Errorf("%s: %+v, %v", status, got, err)
		}
	}
}
