package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/trace"
)

// term is the term of one leader.
type term struct {
	*Relay
	lease *leader.Lease
	pos   *position // nil until it is read
	// newest is the last event of this term that the broker stored.
	newest row
	// checked is when the stream was last compared; reconnects identifies the connection used.
	checked    time.Time
	reconnects uint64
}

// round publishes new events, otherwise a few repeats, and reports whether there may be more.
func (t *term) round(ctx context.Context) (more bool, err error) {
	// Check the stream first: new events would hide that it has lost its end.
	if t.due() {
		if err := t.check(ctx); err != nil {
			return false, err
		}
	}
	more, err = t.publishNew(ctx)
	if err != nil || more {
		return more, err
	}
	return t.repeat(ctx)
}

// due reports whether a check is due: after checkEvery, or after a reconnect, perhaps to a server that has lost messages.
func (t *term) due() bool {
	return t.pos == nil || t.reconnects != t.bus.NC.Stats().Reconnects || time.Since(t.checked) > checkEvery
}

// row is an event in the outbox.
type row struct {
	id    int64
	event events.Event
	// sequence in the stream, once it is stored there.
	sequence uint64
}

// publishNew publishes unpublished events, and marks those that the broker has stored, until there are no more or a check of the stream is
// due. more tells whether there may be more. The others stay for the next round. While events are to be repeated, these have their turn after each
// batch that is not full.
func (t *term) publishNew(ctx context.Context) (more bool, err error) {
	f := flow{term: t}
	for {
		batch, err := f.next(ctx)
		if err == nil {
			err = f.publish(ctx, batch)
		}
		more = len(batch) == batchSize
		again := more
		if err == nil && !more && !t.repeating() {
			again, err = f.woken(ctx)
		}
		if err != nil || !again || t.due() {
			return more, errors.Join(err, f.finish(ctx))
		}
	}
}

// mark records where the broker stored the events, unless another replica leads by now.
func (t *term) mark(ctx context.Context, stored []row) error {
	ids, sequences := make([]int64, len(stored)), make([]int64, len(stored))
	for i, r := range stored {
		ids[i], sequences[i] = r.id, int64(r.sequence)
	}
	return t.write(ctx, `update outbox set published_at = coalesce(published_at, now()), sequence = s.sequence
		from unnest($1::bigint[], $2::bigint[]) as s(id, sequence)
		where outbox.id = s.id and (published_at is null or outbox.sequence is distinct from s.sequence) and exists (select from held)`, ids, sequences)
}

// remember keeps the last event that the broker stored.
func (t *term) remember(stored []row) {
	for _, r := range stored {
		if r.sequence > t.newest.sequence {
			t.newest = r
		}
	}
}

// write executes one fenced statement, which writes nothing unless the lease is held.
func (t *term) write(ctx context.Context, sql string, args ...any) error {
	if err := t.lease.Write(ctx, t.pool, sql, args...); err != nil {
		return fmt.Errorf("mark published events: %w", err)
	}
	return nil
}

func (t *term) read(ctx context.Context, where string, args ...any) ([]row, error) {
	rows, err := t.pool.Query(ctx, `select id, event_id::text, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data
		from outbox where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(from pgx.CollectableRow) (r row, err error) {
		e := &r.event
		err = from.Scan(&r.id, &e.ID, &e.Type, &e.Source, &e.Merchant, &e.Livemode, &e.Time, &e.Trace, &e.RequestID, &e.Data)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return list, nil
}

// sent is an event on its way to the broker.
type sent struct {
	row  row
	ack  jetstream.PubAckFuture
	span trace.Span
}

// publish sends the events and returns those that the broker has acknowledged.
func (r *Relay) publish(ctx context.Context, batch []row) ([]row, error) {
	list, failed := r.sendAll(ctx, batch)
	stored, err := acknowledged(ctx, list)
	return stored, errors.Join(failed, err)
}

// sendAll sends the events in their order, up to the first that cannot be sent.
func (r *Relay) sendAll(ctx context.Context, batch []row) ([]sent, error) {
	list := make([]sent, 0, len(batch))
	for _, one := range batch {
		s, err := r.send(ctx, one)
		if err != nil {
			return list, fmt.Errorf("publish event %s: %w", one.event.ID, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// send publishes one event, within the trace of the change that it announces.
func (r *Relay) send(ctx context.Context, one row) (sent, error) {
	s := sent{row: one}
	if e := &s.row.event; e.Trace != "" {
		ctx, s.span = trace.Continue(ctx, e.Trace, trace.Producer, "send "+e.Type, trace.Message(bus.Events, "send", e.ID)...)
		e.Trace = cmp.Or(trace.Parent(ctx), e.Trace)
	}
	var err error
	if s.ack, err = r.bus.JS.PublishMsgAsync(s.row.event.Message(s.row.event.Subject()), jetstream.WithStallWait(ackWait)); err != nil {
		s.span.End(err)
	}
	return s, err
}

// acknowledged waits for the broker and returns the events that it has stored, in their order, up to the first that it has not.
func acknowledged(ctx context.Context, list []sent) (stored []row, err error) {
	defer func() {
		for _, s := range list[len(stored):] {
			s.span.End(err)
		}
	}()
	deadline := time.NewTimer(ackWait)
	defer deadline.Stop()
	stored = make([]row, 0, len(list))
	for _, s := range list {
		select {
		case ack := <-s.ack.Ok():
			s.span.End(nil)
			s.row.sequence = ack.Sequence
			stored = append(stored, s.row)
		case err := <-s.ack.Err():
			return stored, fmt.Errorf("publish event: %w", err)
		case <-deadline.C:
			return stored, errors.New("the broker did not acknowledge events in time")
		case <-ctx.Done():
			return stored, ctx.Err()
		}
	}
	return stored, nil
}
