package endpoint

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Trouble is an endpoint that does not take its events.
type Trouble struct {
	ID, Merchant   string
	Livemode       bool
	URL            string
	Enabled        bool
	DisabledReason string
	Failures       int32
	// FailingSince is nil for one that was disabled and has no failure since.
	FailingSince *time.Time
	LastError    string
	// Waiting is how many deliveries to it are not done, up to mostCounted.
	Waiting int64
}

// mostCounted ends a count, so that it does not slow down with its table.
const mostCounted = 1000

const troubled = `from endpoints e left join endpoint_health h on h.endpoint_id = e.id
	where e.deleted_at is null and (h.failing_since is not null and e.enabled or not e.enabled and e.disabled_reason in ('failing', 'gone'))`

// Troubled returns endpoints of all merchants whose last attempt failed, or which were disabled for that, the longest in trouble first, and
// how many there are, up to mostCounted.
func (s *Store) Troubled(ctx context.Context, limit int) ([]Trouble, int64, error) {
	var total int64
	if err := s.pool.QueryRow(ctx, `select count(*) from (select 1 `+troubled+` limit $1) counted`, mostCounted).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count troubled endpoints: %w", err)
	}
	rows, err := s.pool.Query(ctx, `select e.id::text, e.merchant_id, e.livemode, e.url, e.enabled, e.disabled_reason, coalesce(h.failures, 0), h.failing_since,
			coalesce(h.last_error, ''), (select count(*) from
				(select 1 from deliveries d where d.endpoint_id = e.id and d.status in ('waiting', 'pending') limit $2) counted)
		`+troubled+` order by h.failing_since nulls last, e.id limit $1`, limit, mostCounted)
	if err != nil {
		return nil, 0, fmt.Errorf("list troubled endpoints: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Trouble])
	if err != nil {
		return nil, 0, fmt.Errorf("list troubled endpoints: %w", err)
	}
	return list, total, nil
}
