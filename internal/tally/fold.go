package tally

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/measure"
)

const (
	// foldEvery is how long changes may wait. A reader adds those that wait, so the longer they wait the more reading costs. But what a row
	// is only for a moment, as a payment is pending until it has a page, cancels out and is never written to a counter.
	foldEvery = 5 * time.Second
	// foldSize is how many changes are folded in one transaction.
	foldSize = 2000
)

// Queue measures for how long the oldest changes have waited to be folded.
var Queue = measure.Queue{
	Name: "row_count_deltas", First: `select min(written_at) from (select written_at from row_count_deltas limit 1000) oldest`,
}

// Run folds changes until ctx ends. Every replica calls it: one of them folds at a time.
func Run(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) {
	due.Every(ctx, foldEvery, "fold counters", log, func(ctx context.Context) error {
		for ctx.Err() == nil {
			n, err := Fold(ctx, pool)
			if err != nil || n < foldSize {
				return err
			}
		}
		return nil
	})
}

// foldSQL returns how many changes it took, and the keys of the counters that are zero now.
const foldSQL = `with taken as (
		delete from row_count_deltas where ctid = any(array(select ctid from row_count_deltas limit $1 for update skip locked))
		returning list, merchant_id, livemode, grp, bucket, finest, n, cents
	), added as (
		insert into row_counts as c (list, merchant_id, livemode, level, bucket, grp, n, cents)
		select list, merchant_id, livemode, level, date_trunc(unit, bucket, 'UTC'), grp, sum(n), sum(cents)
			from taken, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit)
			where level <= finest group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0 or sum(cents) <> 0
		on conflict (list, merchant_id, livemode, level, bucket, grp) do update set n = c.n + excluded.n, cents = c.cents + excluded.cents
		returning list, merchant_id, livemode, level, bucket, grp, n, cents
	)
	select (select count(*) from taken), coalesce(array_agg(list), '{}'), coalesce(array_agg(merchant_id), '{}'), coalesce(array_agg(livemode), '{}'),
		coalesce(array_agg(level), '{}'), coalesce(array_agg(bucket), '{}'), coalesce(array_agg(grp), '{}') from added where n = 0 and cents = 0`

// clearSQL deletes counters that are zero.
const clearSQL = `delete from row_counts c using unnest($1::text[], $2::uuid[], $3::boolean[], $4::smallint[], $5::timestamptz[], $6::text[])
	as z(list, merchant_id, livemode, level, bucket, grp)
	where (c.list, c.merchant_id, c.livemode, c.level, c.bucket, c.grp) = (z.list, z.merchant_id, z.livemode, z.level, z.bucket, z.grp)
	and c.n = 0 and c.cents = 0`

// Fold adds up a batch of changes and returns how many there were; none while another one folds.
func Fold(ctx context.Context, pool *pgxpool.Pool) (n int, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtext(current_schema() || ':fold'))`).Scan(&mine); err != nil || !mine {
			return err
		}
		z := zeros{}
		if err := tx.QueryRow(ctx, foldSQL, foldSize).Scan(&n, &z.list, &z.merchant, &z.livemode, &z.level, &z.bucket, &z.group); err != nil || len(z.list) == 0 {
			return err
		}
		_, err := tx.Exec(ctx, clearSQL, z.list, z.merchant, z.livemode, z.level, z.bucket, z.group)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("fold counters: %w", err)
	}
	return n, nil
}

// zeros are the keys of counters, as columns.
type zeros struct {
	list     []string
	merchant []string
	livemode []bool
	level    []int16
	bucket   []time.Time
	group    []string
}
