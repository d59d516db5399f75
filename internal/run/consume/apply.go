package consume

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/trace"
)

// apply applies the events that are new in one transaction, which also stores the position of the batch or, if it is later, that of passed.
// applied is false if there were none.
func (c *Consumer) apply(ctx context.Context, lease *leader.Lease, batch []Event, passed point) (applied bool, err error) {
	ctx, batch, end := c.traced(ctx, batch)
	began := time.Now()
	defer func() { applySeconds.WithLabelValues(c.cfg.Name).Observe(time.Since(began).Seconds()) }()
	err = pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		fresh, err := c.record(ctx, tx, batch)
		if err != nil || len(fresh) == 0 {
			return err
		}
		applied = true
		if err := c.handle(ctx, tx, fresh); err != nil {
			return err
		}
		last := batch[len(batch)-1]
		return c.seal(ctx, tx, lease, point{last.sequence, last.storedAt}.orLater(passed))
	})
	applied = applied && err == nil
	if applied {
		c.onCommit()
	}
	end(err)
	return applied, err
}

// traced returns the events with a span of this consumer each, in the trace of the event, and a context to work in: that of the only
// event, or a trace of the batch with links to and from its events.
func (c *Consumer) traced(ctx context.Context, batch []Event) (context.Context, []Event, func(error)) {
	batch = slices.Clone(batch)
	within, spans, traces := ctx, make([]trace.Span, 0, len(batch)+1), make([]string, len(batch))
	for i := range batch {
		e := &batch[i]
		var span trace.Span
		within, span = trace.Continue(ctx, e.Trace, trace.Consumer, "process "+e.Type,
			append(trace.Message(bus.Events, "process", e.ID), trace.Group(c.cfg.Name), trace.Merchant(e.Merchant))...)
		e.Trace = cmp.Or(trace.Parent(within), e.Trace)
		spans, traces[i] = append(spans, span), e.Trace
	}
	if len(batch) > 1 {
		var all trace.Span
		within, all = trace.Root(ctx, traces, trace.Consumer, "process batch", trace.Group(c.cfg.Name), trace.Batch(len(batch)))
		for _, s := range spans {
			s.Link(trace.Parent(within))
		}
		spans = append(spans, all)
	}
	return within, batch, func(err error) {
		for _, s := range spans {
			s.End(err)
		}
	}
}

// record inserts the ids into the inbox and returns the events that were new.
func (c *Consumer) record(ctx context.Context, tx pgx.Tx, batch []Event) ([]Event, error) {
	ids := make([]string, len(batch))
	for i, e := range batch {
		ids[i] = e.ID
	}
	rows, err := tx.Query(ctx, `insert into inbox (consumer, event_id) select $1, unnest($2::text[])::uuid
		on conflict do nothing returning event_id::text`, c.cfg.Name, ids)
	if err != nil {
		return nil, fmt.Errorf("record events in the inbox: %w", err)
	}
	inserted, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("record events in the inbox: %w", err)
	}
	isNew := make(map[string]bool, len(inserted))
	for _, id := range inserted {
		isNew[id] = true
	}
	fresh := batch[:0:0]
	for _, e := range batch {
		if isNew[e.ID] || e.Redeliver() {
			fresh = append(fresh, e)
			delete(isNew, e.ID) // the same id twice in one batch
		}
	}
	return fresh, nil
}

// HeaderRedeliver marks a replayed event that must take effect again.
const HeaderRedeliver = "eupay-redeliver"

// Redeliver reports whether an operator replayed the event so that it takes effect again.
func (e Event) Redeliver() bool { return e.Replayed && len(e.Header[HeaderRedeliver]) > 0 }
