package tally

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
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

// Folding returns the worker of a service that folds changes until its context ends. Every replica has one: one of them folds at a time.
func Folding(pool *pgxpool.Pool, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		due.Every(ctx, foldEvery, "fold counters", log, func(ctx context.Context) error {
			for ctx.Err() == nil {
				n, err := Fold(ctx, pool)
				if err != nil || n < foldSize {
					return err
				}
			}
			return nil
		})
		return nil
	}
}

// foldSQL returns how many changes it took, and where the counters are that are zero now.
const foldSQL = `with taken as (
		delete from row_count_deltas where ctid = any(array(select ctid from row_count_deltas limit $1 for update skip locked))
		returning list, merchant_id, livemode, grp, bucket, finest, n, cents
	), added as (
		insert into row_counts as c (list, merchant_id, livemode, level, bucket, grp, n, cents)
		select list, merchant_id, livemode, level, date_trunc(unit, bucket, 'UTC'), grp, sum(n), sum(cents)
			from taken, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit)
			where level <= finest group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0 or sum(cents) <> 0
		on conflict (list, merchant_id, livemode, level, bucket, grp) do update set n = c.n + excluded.n, cents = c.cents + excluded.cents
		returning c.ctid as place, n, cents
	)
	select (select count(*) from taken), coalesce(array_agg(place), '{}') from added where n = 0 and cents = 0`

// Fold adds up a batch of changes and returns how many there were; none while another one folds. Counters that are zero are deleted: nobody but
// this transaction has moved them.
func Fold(ctx context.Context, pool *pgxpool.Pool) (n int, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtext(current_schema() || ':fold'))`).Scan(&mine); err != nil || !mine {
			return err
		}
		var zero []pgtype.TID
		if err := tx.QueryRow(ctx, foldSQL, foldSize).Scan(&n, &zero); err != nil || len(zero) == 0 {
			return err
		}
		_, err := tx.Exec(ctx, `delete from row_counts where ctid = any($1::tid[]) and n = 0 and cents = 0`, zero)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("fold counters: %w", err)
	}
	return n, nil
}
