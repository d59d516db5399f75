package delivery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// Attempt is one HTTP request of a delivery.
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
	// EventType and Reference of the delivery.
	EventType, Reference string
}

// ID identifies the attempt: its delivery's id, a hyphen and its number.
func (a Attempt) ID() string { return fmt.Sprintf("%s-%d", a.DeliveryID, a.Number) }

// splitAttemptID splits the result of ID. ok is false for any other text.
func splitAttemptID(id string) (deliveryID string, number int32, ok bool) {
	const uuidLength = 36
	if len(id) <= uuidLength || !endpoint.IsID(id[:uuidLength]) {
		return "", 0, false
	}
	n, err := strconv.ParseInt(id[uuidLength+1:], 10, 32)
	a := Attempt{DeliveryID: id[:uuidLength], Number: int32(n)}
	return a.DeliveryID, a.Number, err == nil && a.ID() == id
}

const attemptColumns = `d.id::text, a.number, a.started_at, a.duration_micros, a.response_status, a.response_headers, a.response_body, a.error,
	d.event_type, d.reference`

// attemptsOf returns all attempts of a delivery, oldest first.
func attemptsOf(ctx context.Context, db pg.Reader, deliveryID string) ([]Attempt, error) {
	return readAttempts(ctx, db, `select `+attemptColumns+` from attempts a join deliveries d on d.id = a.delivery_id
		where a.delivery_id = $1 order by a.number`, deliveryID)
}

// AttemptFilter selects attempts.
type AttemptFilter struct {
	// EndpointID must belong to the merchant.
	EndpointID string
	// Succeeded nil does not filter.
	Succeeded *bool
	Started   Between

	// After is the ID of the attempt after which the list continues. It replaces an offset.
	After         string
	Limit, Offset int64
}

func (f AttemptFilter) where() *conditions {
	c := &conditions{}
	c.add("a.endpoint_id = $%d", f.EndpointID)
	switch {
	case f.Succeeded == nil:
	case *f.Succeeded:
		c.list = append(c.list, "a.error = ''")
	default:
		c.list = append(c.list, "a.error <> ''") // which has an index
	}
	c.between("a.started_at", f.Started)
	return c
}

// ListAttempts returns one page of the requests made to an endpoint, newest first.
func ListAttempts(ctx context.Context, db pg.Reader, f AttemptFilter) (Page[Attempt], error) {
	var (
		at  pageStart
		err error
		c   = f.where()
	)
	if f.After != "" {
		err = addAttemptCursor(ctx, db, f, c)
	} else {
		at, err = f.start(ctx, db)
	}
	if err != nil || at.beyond {
		return Page[Attempt]{Total: at.total}, err
	}
	c.beforeTime("a.started_at", at.before)
	where, args := c.where()
	// The page is limited before the join, so that only its rows are joined.
	list, err := readAttempts(ctx, db, fmt.Sprintf(`select %s from (
			select a.delivery_id, a.number, a.started_at, a.duration_micros, a.response_status, a.response_headers, a.response_body, a.error
			from attempts a where %s order by a.started_at desc, a.delivery_id desc, a.number desc limit %d offset %d
		) a join deliveries d on d.id = a.delivery_id order by a.started_at desc, a.delivery_id desc, a.number desc`,
		attemptColumns, where, f.Limit+1, at.skip), args...)
	return pageOf(list, f.Limit, at.total), err
}

// addAttemptCursor adds the position after which the list continues.
func addAttemptCursor(ctx context.Context, db pg.Reader, f AttemptFilter, c *conditions) error {
	wrong := errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of one of this endpoint's attempts."})
	deliveryID, number, ok := splitAttemptID(f.After)
	if !ok {
		return wrong
	}
	var at time.Time
	err := db.QueryRow(ctx, `select started_at from attempts where delivery_id = $1 and number = $2 and endpoint_id = $3`,
		deliveryID, number, f.EndpointID).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return wrong
	}
	if err != nil {
		return fmt.Errorf("find the list position: %w", err)
	}
	c.before("a.started_at, a.delivery_id, a.number", at, deliveryID, number)
	return nil
}

func readAttempts(ctx context.Context, db pg.Reader, query string, args ...any) ([]Attempt, error) {
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
