package endpoint

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

// Health tells how an endpoint answered lately.
type Health struct {
	State string
	// FailingSince is the first failure since the last success.
	FailingSince *time.Time
	// Failures since then.
	Failures int32
	// RetryAt is when the pause ends in which nothing is sent; nil: there is none.
	RetryAt *time.Time
	// LastError is the word of the last failure.
	LastError string
}

// States of an endpoint's health.
const (
	Healthy  = "healthy"
	Failing  = "failing"
	Open     = "open"      // the breaker holds deliveries back
	HalfOpen = "half_open" // one delivery may try
)

// Healths returns the health of the endpoints at the time now. Those that are missing are healthy.
func (s *Store) Healths(ctx context.Context, ids []string, now time.Time) (map[string]Health, error) {
	rows, err := s.pool.Query(ctx, `select endpoint_id::text, failing_since, failures, last_error, tripped, paused_until
		from endpoint_health where endpoint_id = any($1::uuid[])`, ids)
	if err != nil {
		return nil, fmt.Errorf("read health of endpoints: %w", err)
	}
	type row struct {
		id      string
		health  Health
		tripped bool
	}
	list, err := pgx.CollectRows(rows, func(found pgx.CollectableRow) (row, error) {
		var r row
		h := &r.health
		err := found.Scan(&r.id, &h.FailingSince, &h.Failures, &h.LastError, &r.tripped, &h.RetryAt)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read health of endpoints: %w", err)
	}
	healths := make(map[string]Health, len(list))
	for _, r := range list {
		healths[r.id] = r.health.at(now, r.tripped)
	}
	return healths, nil
}

// at completes what was read.
func (h Health) at(now time.Time, tripped bool) Health {
	if h.RetryAt != nil && !h.RetryAt.After(now) {
		h.RetryAt = nil
	}
	switch {
	case tripped && h.RetryAt != nil:
		h.State = Open
	case tripped:
		h.State = HalfOpen
	case h.FailingSince != nil:
		h.State = Failing
	default:
		h.State = Healthy
	}
	return h
}

func forgetHealth(ctx context.Context, db pg.DB, id string) error {
	if _, err := db.Exec(ctx, `delete from endpoint_health where endpoint_id = $1`, id); err != nil {
		return fmt.Errorf("forget health of endpoint: %w", err)
	}
	return nil
}
