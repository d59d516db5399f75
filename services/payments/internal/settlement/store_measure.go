package settlement

import (
	"context"
	"fmt"
)

// Measure counts the payments whose money was missed and has not come.
func (s *Settlement) Measure(ctx context.Context) error {
	var live, test float64
	err := s.Pool.QueryRow(ctx, `select count(*) filter (where livemode)::float8, count(*) filter (where not livemode)::float8
		from settlement_items where state = 'unsettled'`).Scan(&live, &test)
	if err != nil {
		return fmt.Errorf("count unsettled payments: %w", err)
	}
	unsettled.WithLabelValues("live").Set(live)
	unsettled.WithLabelValues("test").Set(test)
	return nil
}
