package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
)

// Delivery is one event for one endpoint, as merchants see it.
type Delivery struct {
	ID, EndpointID, EventID, EventType, Reference string

	Sequence      int64
	Body          []byte
	Status        string
	AttemptCount  int32
	CreatedAt     time.Time
	NextAttemptAt time.Time
	FinishedAt    *time.Time
	Attempts      []Attempt
}

// Attempt is one request that was made.
type Attempt struct {
	Number         int32
	StartedAt      time.Time
	DurationMicros int64
	ResponseStatus int32
	ResponseBody   []byte
	Error          string
}

// Filter of a list. Empty fields do not filter.
type Filter struct {
	Merchant string
	Livemode bool

	EndpointID, Status, Reference, EventType string

	Limit, Offset int64
}

const deliveryColumns = `id::text, endpoint_id::text, event_id::text, event_type, reference, sequence, body, status,
	attempt_count, created_at, next_attempt_at, finished_at`

func scanDelivery(row pgx.CollectableRow) (Delivery, error) {
	var d Delivery
	err := row.Scan(&d.ID, &d.EndpointID, &d.EventID, &d.EventType, &d.Reference, &d.Sequence, &d.Body, &d.Status,
		&d.AttemptCount, &d.CreatedAt, &d.NextAttemptAt, &d.FinishedAt)
	return d, err
}

// where names only the filters that are set, so that each combination gets a plan of its own.
func (f Filter) where() (string, []any) {
	conditions := []string{"merchant_id = $1", "livemode = $2"}
	args := []any{f.Merchant, f.Livemode}
	add := func(column, value string) {
		if value != "" {
			args = append(args, value)
			conditions = append(conditions, fmt.Sprintf("%s = $%d", column, len(args)))
		}
	}
	add("endpoint_id", f.EndpointID)
	add("status", f.Status)
	add("reference", f.Reference)
	add("event_type", f.EventType)
	return strings.Join(conditions, " and "), args
}

// List returns a page of the merchant's deliveries, newest first, and how many there are in all.
func List(ctx context.Context, db pg.DB, f Filter) (list []Delivery, total int64, err error) {
	where, args := f.where()
	if err := db.QueryRow(ctx, `select count(*) from deliveries where `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count deliveries: %w", err)
	}
	query := fmt.Sprintf(`select %s from deliveries where %s order by id desc limit %d offset %d`, deliveryColumns, where, f.Limit, f.Offset)
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list deliveries: %w", err)
	}
	if list, err = pgx.CollectRows(rows, scanDelivery); err != nil {
		return nil, 0, fmt.Errorf("list deliveries: %w", err)
	}
	return list, total, nil
}

// Get returns one delivery of the merchant with its attempts, or NOT_FOUND.
func Get(ctx context.Context, db pg.DB, merchant string, livemode bool, id string) (Delivery, error) {
	if uuid.Validate(id) != nil {
		return Delivery{}, errs.NotFound("Webhook delivery")
	}
	rows, err := db.Query(ctx, `select `+deliveryColumns+` from deliveries where id = $1 and merchant_id = $2 and livemode = $3`, id, merchant, livemode)
	if err != nil {
		return Delivery{}, fmt.Errorf("get delivery: %w", err)
	}
	d, err := pgx.CollectExactlyOneRow(rows, scanDelivery)
	if errors.Is(err, pgx.ErrNoRows) {
		return Delivery{}, errs.NotFound("Webhook delivery")
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("get delivery: %w", err)
	}
	rows, err = db.Query(ctx, `select number, started_at, duration_micros, response_status, response_body, error
		from attempts where delivery_id = $1 order by number`, id)
	if err != nil {
		return Delivery{}, fmt.Errorf("get attempts: %w", err)
	}
	d.Attempts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Attempt])
	if err != nil {
		return Delivery{}, fmt.Errorf("get attempts: %w", err)
	}
	return d, nil
}
