package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

// Emit publishes from the outboxes the events that the stream has lost.
type Emit struct {
	// DB has access to the schemas of one or more services.
	DB pg.DB
	// Since is when the first event to check was published.
	Since time.Time
	// Run publishes them; otherwise they are only counted.
	Run bool
}

// Emission is the result for one service's outbox.
type Emission struct {
	Service string
	// Kept is the number of events in the outbox since then, Missing how many of them the stream has lost.
	Kept, Missing uint64
	// Oldest of the missing ones; zero: none.
	Oldest time.Time
}

// emitPage is how many events are read at a time.
const emitPage = 500

// Emit compares each outbox that it can read with the stream. Events that were never published are left to their service.
// Published events keep their ids, so consumers that have handled them ignore them.
func (o *Operator) Emit(ctx context.Context, e Emit) ([]Emission, error) {
	have, err := o.ids(ctx, e.Since)
	if err != nil {
		return nil, err
	}
	schemas, err := schemasWith(ctx, e.DB, "outbox")
	if err != nil {
		return nil, err
	}
	if len(schemas) == 0 {
		return nil, invalid("this database has no outbox that its user may read: check EUPAY_DATABASE_URL")
	}
	all := make([]Emission, 0, len(schemas))
	for _, schema := range schemas {
		one, err := o.emit(ctx, e, schema, have)
		all = append(all, one)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// ids returns the ids of the events stored since shortly before the time.
func (o *Operator) ids(ctx context.Context, since time.Time) (map[uuid.UUID]bool, error) {
	have := make(map[uuid.UUID]bool)
	q := query{stream: bus.Events, subject: "eupay.evt.>", at: since.Add(-clockSkew), headersOnly: true}
	err := o.scan(ctx, q, func(m stored) (bool, error) {
		if id, err := uuid.Parse(m.header.Get(events.HeaderID)); err == nil {
			have[id] = true
		}
		return true, nil
	})
	return have, err
}

func (o *Operator) emit(ctx context.Context, e Emit, schema string, have map[uuid.UUID]bool) (Emission, error) {
	found, after := Emission{Service: schema}, int64(0)
	for {
		page, last, err := outboxPage(ctx, e, schema, after)
		if err != nil || len(page) == 0 {
			return found, err
		}
		found.Kept += uint64(len(page))
		for _, one := range page {
			if have[uuid.MustParse(one.ID)] {
				continue
			}
			if found.Missing++; found.Oldest.IsZero() {
				found.Oldest = one.Time.UTC()
			}
			if err := o.publishAgain(ctx, e, one); err != nil {
				return found, err
			}
		}
		after = last
	}
}

func outboxPage(ctx context.Context, e Emit, schema string, after int64) (page []events.Event, last int64, err error) {
	table := pgx.Identifier{schema, "outbox"}.Sanitize()
	rows, err := e.DB.Query(ctx, `select id, event_id::text, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data
		from `+table+` where published_at >= $1 and id > $2 order by id limit $3`, e.Since, after, emitPage)
	if err != nil {
		return nil, 0, fmt.Errorf("read the outbox of %s: %w", schema, err)
	}
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one events.Event, err error) {
		err = row.Scan(&last, &one.ID, &one.Type, &one.Source, &one.Merchant, &one.Livemode, &one.Time, &one.Trace, &one.RequestID, &one.Data)
		return one, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read the outbox of %s: %w", schema, err)
	}
	return page, last, nil
}

// publishAgain returns once it is known whether the broker has stored the event.
func (o *Operator) publishAgain(ctx context.Context, e Emit, one events.Event) error {
	if !e.Run {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.timeout)
	defer cancel()
	if _, err := o.js.PublishMsg(ctx, one.Message(one.Subject())); err != nil {
		return o.explain(err, "publish the event "+one.ID)
	}
	return nil
}
