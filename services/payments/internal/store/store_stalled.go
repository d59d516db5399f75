package store

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// mostCounted ends the count, so that it does not slow down with the table.
const mostCounted = 1000

const stalled = `from payments where stalled_at is not null and status in ('pending', 'pending_sca')`

// Stalled returns payments and refunds of all merchants that have had no news for longer than expected, the longest first, and how many
// there are, up to mostCounted.
func (s *Store) Stalled(ctx context.Context, limit int) ([]payment.Payment, int64, error) {
	var total int64
	if err := s.pool.QueryRow(ctx, `select count(*) from (select 1 `+stalled+` limit $1) counted`, mostCounted).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count stalled payments: %w", err)
	}
	list, err := s.collect(s.pool.Query(ctx, `select `+columns+` `+stalled+` order by stalled_at, reference limit $1`, limit))
	return list, total, err
}
