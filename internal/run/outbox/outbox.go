// Package outbox publishes events from a service's database to JetStream. Add writes an event in the transaction that changes the
// state; the Relay publishes it afterwards, at least once and in the order of ids.
//
// A service that uses it has this table in its schema:
//
//	create table outbox (
//	    id           bigint generated always as identity primary key,
//	    event_id     uuid        not null,
//	    event_type   text        not null,
//	    source       text        not null,
//	    merchant_id  text        not null,
//	    livemode     boolean     not null,
//	    occurred_at  timestamptz not null,
//	    trace        text        not null default '',
//	    request_id   text        not null default '',
//	    data         bytea       not null,
//	    published_at timestamptz,
//	    sequence     bigint
//	);
//	create index outbox_unpublished on outbox (id) where published_at is null;
//	create index outbox_published on outbox (published_at) where published_at is not null;
//	create table outbox_position (
//	    service        text        primary key,
//	    stream_created timestamptz not null,
//	    repeat_after   bigint      not null default 0,
//	    repeat_until   bigint      not null default 0
//	);
//
// and that of package leader.
package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
)

const insertSQL = `insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func arguments(e events.Event) []any {
	return []any{e.ID, e.Type, e.Source, e.Merchant, e.Livemode, e.Time, e.Trace, e.RequestID, e.Data}
}

// traced returns the event with the trace of ctx, unless it has one.
func traced(ctx context.Context, e events.Event) events.Event {
	if e.Trace == "" {
		e.Trace = trace.Parent(ctx)
	}
	return e
}

// Add records the event in db, which must be the transaction of the change it announces. Wake the relay after the commit. An event
// without a trace gets that of ctx.
func Add(ctx context.Context, db pg.DB, e events.Event) error {
	if _, err := db.Exec(ctx, insertSQL, arguments(traced(ctx, e))...); err != nil {
		return fmt.Errorf("record event %s: %w", e.Type, err)
	}
	return nil
}

// Queue adds the insert to a batch.
func Queue(ctx context.Context, b *pgx.Batch, e events.Event) {
	b.Queue(insertSQL, arguments(traced(ctx, e))...)
}

// QueueAll adds one insert of many events to a batch, in their order.
func QueueAll(ctx context.Context, b *pgx.Batch, list []events.Event) {
	if len(list) == 0 {
		return
	}
	// Slices of types that pgx knows: it needs no reflection for each value.
	var ids, types, sources, merchants, traces, requests []string
	var modes []bool
	var times []time.Time
	var data [][]byte
	for _, e := range list {
		e = traced(ctx, e)
		ids, types, sources, merchants = append(ids, e.ID), append(types, e.Type), append(sources, e.Source), append(merchants, e.Merchant)
		modes, times = append(modes, e.Livemode), append(times, e.Time)
		traces, requests, data = append(traces, e.Trace), append(requests, e.RequestID), append(data, e.Data)
	}
	b.Queue(`insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data)
		select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[], $7::text[], $8::text[], $9::bytea[])`,
		ids, types, sources, merchants, modes, times, traces, requests, data)
}
