package store

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

const stalled = `from payments where stalled_at is not null and status in ('pending', 'pending_sca')`

// Stalled returns payments and refunds of all merchants that have had no news for longer than expected, the longest first, and how many
// there are in all.
func (s *Store) Stalled(ctx context.Context, limit int) ([]payment.Payment, int64, error) {
	var total int64
	if err := s.pool.QueryRow(ctx, `select count(*) `+stalled).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count stalled payments: %w", err)
	}
	list, err := s.collect(s.pool.Query(ctx, `select `+columns+` `+stalled+` order by stalled_at, reference limit $1`, limit))
	return list, total, err
}
