// Package months keeps tables that consist of months: partitions by an id that begins with the time at which it was made (UUIDv7). What is unique by
// such an id is unique over all time, an id is looked for in one month, and a month that is over is dropped at once instead of row by row.
//
// The tables and the functions make_months and drop_months come with the migrations (0262 in the services that have an inbox): a service may not
// change its schema by itself. A table T has the months T_202701, T_202702 and so on, T_before_202701 with what is older, and T_rest, its default
// partition, with ids that are in no month. So no insert ever fails because a month is missing.
package months

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
)

const (
	// lookEvery is how often the months are looked after. What could not have a lock is done the next time.
	lookEvery = 10 * time.Minute
	// ahead is how long before its first row a month is made: a keeper may be away for as long.
	ahead = 62 * 24 * time.Hour
	// step is how many rows of the rest one statement deletes.
	step = 1000
)

// Table is one that consists of months.
type Table struct {
	Name string
	// Stamp is the column with the time that a row is kept for Keep from. An index must begin with it.
	Stamp string
	// Keep returns for how long rows are kept; ok is false if that is unknown or if they are kept forever.
	Keep func(context.Context) (keep time.Duration, ok bool, err error)
}

// Keeper makes the months of a service's tables ahead and drops those that are over.
type Keeper struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	log    *slog.Logger
	tables []Table
}

// NewKeeper returns a keeper of the tables in the pool's schema.
func NewKeeper(pool *pgxpool.Pool, now func() time.Time, log *slog.Logger, tables ...Table) *Keeper {
	return &Keeper{pool: pool, now: now, log: log, tables: tables}
}

// Run keeps the months until ctx ends, on one replica at a time.
func (k *Keeper) Run(ctx context.Context) error {
	return leader.Run(ctx, k.pool, "keep months", k.log, func(ctx context.Context) error {
		defer forget(pg.Schema(k.pool))
		due.Every(ctx, lookEvery, "keeping the months of tables", k.log, k.Once)
		return ctx.Err()
	})
}

// Once looks after all tables once.
func (k *Keeper) Once(ctx context.Context) error {
	for _, t := range k.tables {
		if err := k.keep(ctx, t); err != nil {
			return fmt.Errorf("keep the months of %s: %w", t.Name, err)
		}
	}
	return nil
}

func (k *Keeper) keep(ctx context.Context, t Table) error {
	if _, err := k.pool.Exec(ctx, `select make_months($1, $2)`, t.Name, k.now().Add(ahead)); err != nil {
		return err
	}
	if err := k.drop(ctx, t); err != nil {
		return err
	}
	return k.measure(ctx, t)
}

// drop drops the months that are over, and deletes from the rest what is as old.
func (k *Keeper) drop(ctx context.Context, t Table) error {
	keep, ok, err := t.Keep(ctx)
	if err != nil || !ok {
		return err
	}
	before := k.now().Add(-keep)
	rows, err := k.pool.Query(ctx, `select drop_months($1, $2, $3)`, t.Name, t.Stamp, before)
	if err != nil {
		return err
	}
	dropped, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, month := range dropped {
		k.log.Info("month dropped", "table", month, "before", before)
	}
	rest, stamp := pgx.Identifier{t.Name + "_rest"}.Sanitize(), pgx.Identifier{t.Stamp}.Sanitize()
	for ctx.Err() == nil {
		tag, err := k.pool.Exec(ctx, fmt.Sprintf(`delete from %s where ctid = any(array(select ctid from %s where %s < $1 limit $2 for update skip locked))`,
			rest, rest, stamp), before, step)
		if err != nil || tag.RowsAffected() < step {
			return err
		}
	}
	return ctx.Err()
}
