package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
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

// Filter of a list. Empty fields do not filter.
type Filter struct {
	Merchant string
	Livemode bool

	EndpointID, Status, Reference, EventType string

	Created Between

	Limit, Offset int64
}

// Between is a span of time: from After on, until just before Before. nil is no bound.
type Between struct{ After, Before *time.Time }

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
	var c conditions
	c.add("merchant_id = $%d", f.Merchant)
	c.add("livemode = $%d", f.Livemode)
	c.equal("endpoint_id", f.EndpointID)
	c.equal("status", f.Status)
	c.equal("reference", f.Reference)
	c.equal("event_type", f.EventType)
	c.between("created_at", f.Created)
	return c.where()
}

// conditions of a query and their arguments.
type conditions struct {
	list []string
	args []any
}

// add takes the text of a condition, with %d where the number of its argument belongs.
func (c *conditions) add(text string, arg any) {
	c.args = append(c.args, arg)
	c.list = append(c.list, fmt.Sprintf(text, len(c.args)))
}

func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = $%d", value)
	}
}

func (c *conditions) between(column string, b Between) {
	if b.After != nil {
		c.add(column+" >= $%d", *b.After)
	}
	if b.Before != nil {
		c.add(column+" < $%d", *b.Before)
	}
}

func (c *conditions) where() (string, []any) { return strings.Join(c.list, " and "), c.args }

// List returns a page of the merchant's deliveries, newest first, and how many there are in all.
func List(ctx context.Context, db pg.DB, f Filter) (list []Delivery, total int64, err error) {
	where, args := f.where()
	if err := db.QueryRow(ctx, `select count(*) from deliveries where `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count deliveries: %w", err)
	}
	// d.id and not id, which would be the text of the answer, in another order than the index.
	query := fmt.Sprintf(`select %s from deliveries d where %s order by d.created_at desc, d.id desc limit %d offset %d`,
		deliveryColumns, where, f.Limit, f.Offset)
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
	if !endpoint.IsID(id) {
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
	d.Attempts, err = attemptsOf(ctx, db, d.ID)
	return d, err
}
