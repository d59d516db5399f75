package delivery

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
)

// measureBacklog returns the number of open deliveries and the oldest due time among them.
func measureBacklog(ctx context.Context, db pg.DB) (open int64, oldest *time.Time, err error) {
	err = db.QueryRow(ctx, `select count(*), min(next_attempt_at) filter (where status = 'pending')
		from deliveries where status in ('waiting', 'pending')`).Scan(&open, &oldest)
	if err != nil {
		return 0, nil, fmt.Errorf("measure backlog: %w", err)
	}
	return open, oldest, nil
}

// countTrippedEndpoints returns the number of endpoints that have an open breaker.
func countTrippedEndpoints(ctx context.Context, db pg.DB) (n int64, err error) {
	if err := db.QueryRow(ctx, `select count(distinct endpoint_id) from breakers where tripped`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count open breakers: %w", err)
	}
	return n, nil
}
