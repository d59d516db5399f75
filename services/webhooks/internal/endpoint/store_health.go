package endpoint

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Health is the recent health of an endpoint.
type Health struct {
	State string
	// FailingSince is the first failure since the last success.
	FailingSince *time.Time
	// Failures is the number of failures since then.
	Failures int32
	// RetryAt is when the pause ends that the endpoint asked for, or the earliest one of a breaker; nil if there is none.
	RetryAt *time.Time
	// LastError is the reason of the last failure.
	LastError string
	// HeldTypes are the event types whose breakers are open or half open.
	HeldTypes []string
}

// States of an endpoint's health.
const (
	Healthy  = "healthy"
	Failing  = "failing"
	Open     = "open"      // a breaker holds back retries of its event type
	HalfOpen = "half_open" // one delivery may be sent as a probe
)

// Healths returns the health of the endpoints at the time now. Endpoints that are missing in the result are healthy.
func (s *Store) Healths(ctx context.Context, ids []string, now time.Time) (map[string]Health, error) {
	healths, err := s.unhealthy(ctx, ids, now)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `select endpoint_id::text, event_type, failing_since, failures, last_error, tripped, paused_until
		from breakers where endpoint_id = any($1::uuid[]) order by endpoint_id, event_type`, ids)
	if err != nil {
		return nil, fmt.Errorf("read breakers of endpoints: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[breaker])
	if err != nil {
		return nil, fmt.Errorf("read breakers of endpoints: %w", err)
	}
	for _, b := range list {
		healths[b.Endpoint] = healths[b.Endpoint].with(b, now)
	}
	return healths, nil
}

const unhealthySQL = `select endpoint_id::text, failing_since, failures, last_error, paused_until
	from endpoint_health where endpoint_id = any($1::uuid[])`

// unhealthy returns the endpoints without a recent success.
func (s *Store) unhealthy(ctx context.Context, ids []string, now time.Time) (map[string]Health, error) {
	rows, err := s.pool.Query(ctx, unhealthySQL, ids) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return nil, fmt.Errorf("read health of endpoints: %w", err)
	}
	healths := make(map[string]Health)
	var id string
	var h Health
	_, err = pgx.ForEachRow(rows, []any{&id, &h.FailingSince, &h.Failures, &h.LastError, &h.RetryAt}, func() error {
		if h.RetryAt != nil && !h.RetryAt.After(now) {
			h.RetryAt = nil
		}
		if h.State = Healthy; h.FailingSince != nil {
			h.State = Failing
		}
		healths[id] = h
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read health of endpoints: %w", err)
	}
	return healths, nil
}

// breaker is the breaker of one failing event type at an endpoint.
type breaker struct {
	Endpoint, EventType string
	FailingSince        time.Time
	Failures            int32
	LastError           string
	Tripped             bool
	PausedUntil         *time.Time
}

// with adds the state of one breaker. An open breaker takes precedence over a half-open one.
func (h Health) with(b breaker, now time.Time) Health {
	if h.State != Open && h.State != HalfOpen {
		h.State = Failing
	}
	if h.FailingSince == nil || b.FailingSince.Before(*h.FailingSince) {
		h.FailingSince = &b.FailingSince
	}
	if b.Failures > h.Failures || h.LastError == "" {
		h.Failures, h.LastError = max(h.Failures, b.Failures), b.LastError
	}
	if !b.Tripped {
		return h
	}
	h.HeldTypes = append(h.HeldTypes, b.EventType)
	switch {
	case !b.PausedUntil.After(now):
		if h.State != Open {
			h.State = HalfOpen
		}
	default:
		h.State = Open
		if h.RetryAt == nil || b.PausedUntil.Before(*h.RetryAt) {
			h.RetryAt = b.PausedUntil
		}
	}
	return h
}

func deleteHealth(ctx context.Context, db pg.DB, id string) error {
	for _, table := range []string{"endpoint_health", "breakers"} {
		if _, err := db.Exec(ctx, `delete from `+table+` where endpoint_id = $1`, id); err != nil {
			return fmt.Errorf("delete health of endpoint: %w", err)
		}
	}
	return nil
}
