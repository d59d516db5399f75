package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// Event is an event, recorded once for all its recipients.
type Event struct {
	ID, Type, Reference string
	// MerchantReference is empty if the merchant gave none.
	MerchantReference string
	Sequence          int64
	CreatedAt         time.Time
	// Body is the webhook body under the event's own type.
	Body []byte
}

// queueEvents records each event once.
func queueEvents(b *pgx.Batch, changes []change, bodies [][]byte) {
	n := len(changes)
	ids, merchants, live, types := make([]string, n), make([]string, n), make([]bool, n), make([]string, n)
	references, theirs, sequences, at := make([]string, n), make([]string, n), make([]int64, n), make([]time.Time, n)
	for i, c := range changes {
		ids[i], merchants[i], live[i], types[i] = c.event.ID, c.event.Merchant, c.event.Livemode, c.event.Type
		references[i], theirs[i], sequences[i], at[i] = c.message.Reference, c.message.MerchantReference, c.message.Sequence, c.message.at
	}
	b.Queue(`insert into events (id, merchant_id, livemode, event_type, reference, merchant_reference, sequence, body, created_at)
		select id, merchant_id, livemode, event_type, reference, nullif(theirs, ''), sequence, body, created_at
		from unnest($1::uuid[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[], $9::timestamptz[])
			as e (id, merchant_id, livemode, event_type, reference, theirs, sequence, body, created_at)
		on conflict (id) do nothing`, ids, merchants, live, types, references, theirs, sequences, bodies, at)
}

const eventColumns = `e.id::text, e.event_type, e.reference, coalesce(e.merchant_reference, ''), e.sequence, e.created_at, e.body`

// EventFilter selects events. Empty fields do not filter.
type EventFilter struct {
	Merchant string
	Livemode bool

	Type, Reference, MerchantReference string

	Created Between

	// After is the id of the event after which the list continues.
	After string
	Limit int64
}

func (f EventFilter) where() *conditions {
	c := &conditions{}
	c.add("e.merchant_id = $%d", f.Merchant)
	c.add("e.livemode = $%d", f.Livemode)
	c.equal("e.event_type", f.Type)
	c.equal("e.reference", f.Reference)
	c.equal("e.merchant_reference", f.MerchantReference)
	c.between("e.created_at", f.Created)
	return c
}

// ListEvents returns the merchant's events, newest first, and whether there are more.
func ListEvents(ctx context.Context, db pg.Reader, f EventFilter) (list []Event, more bool, err error) {
	c := f.where()
	if f.After != "" {
		after, err := GetEvent(ctx, db, f.Merchant, f.Livemode, f.After)
		if errs.Is(err, errs.NotFoundCode) {
			return nil, false, errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of one of your events in this mode."})
		}
		if err != nil {
			return nil, false, err
		}
		c.before("e.created_at, e.id", after.CreatedAt, after.ID)
	}
	where, args := c.where()
	list, err = readEvents(ctx, db, fmt.Sprintf(`select %s from events e where %s order by e.created_at desc, e.id desc limit %d`,
		eventColumns, where, f.Limit+1), args...)
	p := pageOf(list, f.Limit, tally.Total{})
	return p.List, p.More, err
}

func readEvents(ctx context.Context, db pg.Reader, query string, args ...any) ([]Event, error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		err := row.Scan(&e.ID, &e.Type, &e.Reference, &e.MerchantReference, &e.Sequence, &e.CreatedAt, &e.Body)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return list, nil
}

// GetEvent returns one event of the merchant, or NOT_FOUND.
func GetEvent(ctx context.Context, db pg.Reader, merchant string, livemode bool, id string) (Event, error) {
	if !endpoint.IsID(id) {
		return Event{}, errs.NotFound("Event")
	}
	list, err := readEvents(ctx, db, `select `+eventColumns+` from events e where e.id = $1 and e.merchant_id = $2 and e.livemode = $3`, id, merchant, livemode)
	if err == nil && len(list) == 0 {
		err = errs.NotFound("Event")
	}
	if err != nil {
		return Event{}, err
	}
	return list[0], nil
}

// Backfill selects events that an endpoint has not received.
type Backfill struct {
	Merchant   string
	Livemode   bool
	EndpointID string
	// Types are the events' own types, not those under which the endpoint receives them.
	Types   []string
	Created Between
}

func (b Backfill) where() (string, []any) {
	var c conditions
	c.add("e.merchant_id = $%d", b.Merchant)
	c.add("e.livemode = $%d", b.Livemode)
	c.add("e.event_type = any($%d)", b.Types)
	c.between("e.created_at", b.Created)
	c.add("not exists (select from deliveries d where d.endpoint_id = $%d and d.event_id = e.id)", b.EndpointID)
	return c.where()
}

// Span is the number of events and when the first and the last of them occurred.
type Span struct {
	Count       int64
	First, Last *time.Time
}

// CountBackfill returns what a backfill would send.
func CountBackfill(ctx context.Context, db pg.Reader, b Backfill) (s Span, err error) {
	where, args := b.where()
	if err := db.QueryRow(ctx, `select count(*), min(e.created_at), max(e.created_at) from events e where `+where, args...).Scan(&s.Count, &s.First, &s.Last); err != nil {
		return Span{}, fmt.Errorf("count events to send: %w", err)
	}
	return s, nil
}

// BackfillIDs returns the ids of the first limit events to send, oldest first.
func BackfillIDs(ctx context.Context, db pg.Reader, b Backfill, limit int) ([]string, error) {
	where, args := b.where()
	rows, err := db.Query(ctx, fmt.Sprintf(`select e.id::text from events e where %s order by e.created_at, e.id limit %d`, where, limit), args...)
	if err != nil {
		return nil, fmt.Errorf("find events to send: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find events to send: %w", err)
	}
	return ids, nil
}

// eventsOf returns the merchant's events with these ids, oldest first, for the endpoint.
func eventsOf(ctx context.Context, tx pgx.Tx, to endpoint.Endpoint, ids []string) ([]Event, error) {
	return readEvents(ctx, tx, `select `+eventColumns+` from events e where e.id = any($1::uuid[]) and e.merchant_id = $2 and e.livemode = $3
		order by e.created_at, e.id`, ids, to.Merchant, to.Livemode)
}

// lockActiveEndpoint reads an endpoint and prevents that it is deleted or disabled. ok is false if it takes no deliveries.
func lockActiveEndpoint(ctx context.Context, tx pgx.Tx, id string) (e endpoint.Endpoint, ok bool, err error) {
	err = tx.QueryRow(ctx, `select id::text, merchant_id, livemode, event_types from endpoints where id = $1 and enabled and deleted_at is null for share`, id).
		Scan(&e.ID, &e.Merchant, &e.Livemode, &e.EventTypes)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read endpoint: %w", err)
	}
	return e, true, nil
}
