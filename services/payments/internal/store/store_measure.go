package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/measure"
)

// Measure counts the payments that are not final, which are those that the index of due payments holds.
func (s *Store) Measure(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `select livemode, kind, status, count(*)::float8, min(created_at) from payments where due_at is not null group by 1, 2, 3`)
	if err != nil {
		return fmt.Errorf("count open payments: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[openPayments])
	if err != nil {
		return fmt.Errorf("count open payments: %w", err)
	}
	Forget() // of states that no payment is in any more
	now := s.now()
	for _, o := range all {
		mode := measure.Mode(o.Livemode)
		open.WithLabelValues(mode, o.Kind, o.Status).Set(o.Number)
		oldest.WithLabelValues(mode, o.Kind, o.Status).Set(max(now.Sub(o.Oldest).Seconds(), 0))
	}
	return nil
}
