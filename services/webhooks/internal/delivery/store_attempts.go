package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

// Attempt is one request that was made.
type Attempt struct {
	DeliveryID     string
	Number         int32
	StartedAt      time.Time
	DurationMicros int64
	ResponseStatus int32
	// ResponseHeaders are "Name: value" lines.
	ResponseHeaders string
	ResponseBody    []byte
	Error           string
	// EventType and Reference are those of the delivery.
	EventType, Reference string
}

const attemptColumns = `d.id::text, a.number, a.started_at, a.duration_micros, a.response_status, a.response_headers, a.response_body, a.error,
	d.event_type, d.reference`

// attemptsOf returns all attempts of a delivery, the first one first.
func attemptsOf(ctx context.Context, db pg.DB, deliveryID string) ([]Attempt, error) {
	return readAttempts(ctx, db, `select `+attemptColumns+` from attempts a join deliveries d on d.id = a.delivery_id
		where a.delivery_id = $1 order by a.number`, deliveryID)
}

// AttemptFilter of a list.
type AttemptFilter struct {
	// EndpointID must be that of the merchant who asks.
	EndpointID string
	// Succeeded nil: whatever came of them.
	Succeeded *bool
	Started   Between

	Limit, Offset int64
}

func (f AttemptFilter) where() (string, []any) {
	var c conditions
	c.add("a.endpoint_id = $%d", f.EndpointID)
	if f.Succeeded != nil {
		c.add("(a.error = '') = $%d", *f.Succeeded)
	}
	c.between("a.started_at", f.Started)
	return c.where()
}

// ListAttempts returns a page of the requests made to an endpoint, newest first, and how many there are in all.
func ListAttempts(ctx context.Context, db pg.DB, f AttemptFilter) (list []Attempt, total int64, err error) {
	where, args := f.where()
	if err := db.QueryRow(ctx, `select count(*) from attempts a where `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count attempts: %w", err)
	}
	// The page is cut before the join: only what is shown is looked up.
	list, err = readAttempts(ctx, db, fmt.Sprintf(`select %s from (
			select a.delivery_id, a.number, a.started_at, a.duration_micros, a.response_status, a.response_headers, a.response_body, a.error
			from attempts a where %s order by a.started_at desc, a.delivery_id limit %d offset %d
		) a join deliveries d on d.id = a.delivery_id order by a.started_at desc, a.delivery_id`,
		attemptColumns, where, f.Limit, f.Offset), args...)
	return list, total, err
}

func readAttempts(ctx context.Context, db pg.DB, query string, args ...any) ([]Attempt, error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Attempt])
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return list, nil
}
