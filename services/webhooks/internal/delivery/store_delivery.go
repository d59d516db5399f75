package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
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

// Filter selects deliveries. Empty fields do not filter.
type Filter struct {
	Merchant string
	Livemode bool

	EndpointID, Status, Reference, EventType, EventID string
	// MerchantReference is the merchant's own reference of the event's subject.
	MerchantReference string

	Created Between

	// After is the id of the delivery after which the list continues. It replaces an offset.
	After         string
	Limit, Offset int64
}

// Between is a period: from After, inclusive, to Before, exclusive. nil means unlimited.
type Between struct{ After, Before *time.Time }

const deliveryColumns = `id::text, endpoint_id::text, event_id::text, event_type, reference, sequence, body, status,
	attempt_count, created_at, next_attempt_at, finished_at`

func scanDelivery(row pgx.CollectableRow) (Delivery, error) {
	var d Delivery
	err := row.Scan(&d.ID, &d.EndpointID, &d.EventID, &d.EventType, &d.Reference, &d.Sequence, &d.Body, &d.Status,
		&d.AttemptCount, &d.CreatedAt, &d.NextAttemptAt, &d.FinishedAt)
	return d, err
}

// where includes only the filters that are set, so that each combination gets its own plan.
func (f Filter) where() *conditions {
	c := &conditions{}
	c.add("merchant_id = $%d", f.Merchant)
	c.add("livemode = $%d", f.Livemode)
	c.equal("endpoint_id", f.EndpointID)
	if f.Status != "" {
		c.statuses([]string{f.Status})
	}
	c.equal("reference", f.Reference)
	c.equal("event_type", f.EventType)
	const own = " and endpoint_id in (select p.id from endpoints p where p.merchant_id = $1 and p.livemode = $2)" // uses the index on both
	if f.EndpointID == "" && (f.Status == Waiting || f.Status == Pending) {
		c.list = append(c.list, strings.TrimPrefix(own, " and ")) // the index of open deliveries begins with the endpoint
	}
	if f.EventID != "" {
		c.add("event_id = $%d"+own, f.EventID)
	}
	if f.MerchantReference != "" {
		c.add("event_id in (select e.id from events e where e.merchant_id = $1 and e.livemode = $2 and e.merchant_reference = $%d)"+own, f.MerchantReference)
	}
	c.between("created_at", f.Created)
	return c
}

// conditions of a query and their arguments.
type conditions struct {
	list []string
	args []any
}

// add appends a condition, with %d in place of its argument number.
func (c *conditions) add(text string, arg any) {
	c.args = append(c.args, arg)
	c.list = append(c.list, fmt.Sprintf(text, len(c.args)))
}

// statuses are in the text of the query, because an index serves only some. Other words than ours match nothing.
func (c *conditions) statuses(list []string) {
	var known []string
	for _, s := range []string{Waiting, Pending, Delivered, Exhausted, Missed, Cancelled} {
		if slices.Contains(list, s) {
			known = append(known, "'"+s+"'")
		}
	}
	if len(known) == 0 {
		known = []string{"null"}
	}
	c.list = append(c.list, "status in ("+strings.Join(known, ", ")+")")
}

// beforeTime selects what is older; a zero time does not filter.
func (c *conditions) beforeTime(column string, t time.Time) {
	if !t.IsZero() {
		c.add(column+" < $%d", t)
	}
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

// before continues after a row of a list in descending order of the columns.
func (c *conditions) before(columns string, row ...any) {
	numbers := make([]string, len(row))
	for i := range row {
		numbers[i] = fmt.Sprintf("$%d", len(c.args)+i+1)
	}
	c.args = append(c.args, row...)
	c.list = append(c.list, fmt.Sprintf("(%s) < (%s)", columns, strings.Join(numbers, ", ")))
}

// after continues after a row of a list in ascending order of the columns.
func (c *conditions) after(columns string, row ...any) {
	c.before(columns, row...)
	last := &c.list[len(c.list)-1]
	*last = strings.Replace(*last, ") < (", ") > (", 1)
}

func (c *conditions) where() (string, []any) { return strings.Join(c.list, " and "), c.args }

// Page is one page of a list.
type Page[E any] struct {
	List []E
	// Total is the number of entries; it is not counted after a cursor.
	Total tally.Total
	More  bool
}

// pageOf builds a page from limit + 1 rows, of which the last only indicates that more follow.
func pageOf[E any](read []E, limit int64, total tally.Total) Page[E] {
	more := int64(len(read)) > limit
	if more {
		read = read[:limit]
	}
	return Page[E]{List: read, Total: total, More: more}
}

// List returns a page of the merchant's deliveries, newest first.
func List(ctx context.Context, db pg.Reader, f Filter) (Page[Delivery], error) {
	var (
		none Page[Delivery]
		at   pageStart
		err  error
		c    = f.where()
	)
	if f.After != "" {
		err = addCursor(ctx, db, f, c)
	} else {
		at, err = f.start(ctx, db)
	}
	if err != nil || at.beyond {
		return Page[Delivery]{Total: at.total}, err
	}
	c.beforeTime("created_at", at.before)
	where, args := c.where()
	// d.id, not id, which would sort by the text in the result instead of using the index.
	query := fmt.Sprintf(`select %s from deliveries d where %s order by d.created_at desc, d.id desc limit %d offset %d`,
		deliveryColumns, where, f.Limit+1, at.skip)
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return none, fmt.Errorf("list deliveries: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanDelivery)
	if err != nil {
		return none, fmt.Errorf("list deliveries: %w", err)
	}
	return pageOf(list, f.Limit, at.total), nil
}

// addCursor adds the position after which the list continues.
func addCursor(ctx context.Context, db pg.Reader, f Filter, c *conditions) error {
	wrong := errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of one of your deliveries in this mode."})
	if !endpoint.IsID(f.After) {
		return wrong
	}
	var at time.Time
	err := db.QueryRow(ctx, `select created_at from deliveries where id = $1 and merchant_id = $2 and livemode = $3`, f.After, f.Merchant, f.Livemode).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return wrong
	}
	if err != nil {
		return fmt.Errorf("find the list position: %w", err)
	}
	c.before("d.created_at, d.id", at, f.After)
	return nil
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
