package store

import (
	"context"
	"fmt"
	"time"

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

// Stuck returns payments, refunds and mandates of all merchants that are not final and either were due before the time or have had no
// news for longer than expected. The oldest comes first.
func (s *Store) Stuck(ctx context.Context, dueBefore time.Time, limit int) ([]payment.Payment, error) {
	return s.collect(s.pool.Query(ctx, `select `+columns+` from payments where reference in (
			(select reference from payments where due_at < $1 order by due_at limit $2)
			union (select reference `+stalled+` order by stalled_at limit $2))
		order by created_at, reference limit $2`, dueBefore.UTC(), limit))
}
