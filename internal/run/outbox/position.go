package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
)

// position identifies the stream that was published to, and the range of rows (after, until] that must be published to it again.
type position struct {
	created      time.Time
	after, until int64
}

// check compares the stream with what was published. The first check of a term also schedules the last minutes for republishing.
func (t *term) check(ctx context.Context) error {
	reconnects := t.bus.NC.Stats().Reconnects
	limit, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	stream, err := t.bus.JS.Stream(limit, bus.Events)
	if err != nil {
		return fmt.Errorf("inspect the event stream: %w", err)
	}
	now, err := t.known(ctx, stream)
	if err != nil {
		return err
	}
	if err := t.compare(ctx, stream, &now); err != nil {
		return err
	}
	if t.pos == nil {
		if err := t.recall(ctx, &now); err != nil {
			return err
		}
	}
	if t.pos == nil || now != *t.pos {
		if err := t.save(ctx, now); err != nil {
			return err
		}
	}
	t.pos, t.checked, t.reconnects = &now, time.Now(), reconnects
	return nil
}

// known returns the stored position. Republishing that a previous leader has started is continued.
func (t *term) known(ctx context.Context, stream jetstream.Stream) (position, error) {
	if t.pos != nil {
		return *t.pos, nil
	}
	var p position
	err := t.pool.QueryRow(ctx, `select stream_created, repeat_after, repeat_until from outbox_position where service = $1`, t.service).
		Scan(&p.created, &p.after, &p.until)
	if errors.Is(err, pgx.ErrNoRows) {
		p.created, err = createdAt(stream), nil
	}
	if err != nil {
		return position{}, fmt.Errorf("read the outbox's position: %w", err)
	}
	return p, nil
}

// recall schedules the last minutes for republishing.
func (t *term) recall(ctx context.Context, p *position) error {
	var first, last *int64
	err := t.pool.QueryRow(ctx, `select min(id), max(id) from outbox where published_at > now() - $1::interval`, republish).Scan(&first, &last)
	if err != nil {
		return fmt.Errorf("schedule recent events for republishing: %w", err)
	}
	if first != nil {
		p.include(*first, *last)
	}
	return nil
}

// include adds the rows from first to last to the range.
func (p *position) include(first, last int64) {
	if p.after == p.until {
		p.after, p.until = first-1, last
		return
	}
	p.after, p.until = min(p.after, first-1), max(p.until, last)
}

// createdAt identifies a stream among those of the same name, in the precision of PostgreSQL.
func createdAt(s jetstream.Stream) time.Time {
	return s.CachedInfo().Created.UTC().Truncate(time.Microsecond)
}

// compare finds out what the stream has lost and schedules it for republishing.
func (t *term) compare(ctx context.Context, stream jetstream.Stream, p *position) error {
	isNew, repeating := !createdAt(stream).Equal(p.created), p.after < p.until
	last, err := t.published(ctx, `published_at is not null order by id desc limit 1`)
	if err != nil {
		return err
	}
	p.created = createdAt(stream)
	newest := last
	if t.newest.id != 0 {
		newest = t.newest
	}
	first := int64(1)
	switch {
	case last.id == 0, !isNew && repeating && t.newest.id == 0: // while events are republished among new ones, only the publisher can tell
		return nil
	case isNew:
		t.newest = row{}
	default:
		there, err := has(ctx, stream, newest)
		if err != nil || there {
			return err
		}
		if !repeating {
			first, err = t.firstLost(ctx, stream, last.id)
		}
		if err != nil {
			return err
		}
	}
	t.log.Warn("broker has lost events, republishing them", "stream_is_new", isNew, "first", first, "last", last.id)
	p.include(first, last.id)
	return nil
}

// published returns a row that was stored in the stream; its id is 0 if there is none.
func (t *term) published(ctx context.Context, where string, args ...any) (row, error) {
	var r row
	err := t.pool.QueryRow(ctx, `select id, event_id::text, coalesce(sequence, 0) from outbox where `+where, args...).Scan(&r.id, &r.event.ID, &r.sequence)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return row{}, fmt.Errorf("read the outbox: %w", err)
	}
	return r, nil
}

// has reports whether the stream still holds the event at its position. Events beyond the stream's maximum age are not lost.
func has(ctx context.Context, stream jetstream.Stream, r row) (bool, error) {
	state := stream.CachedInfo().State
	if r.sequence < state.FirstSeq { // also 0, which means that its position was not recorded
		return true, nil
	}
	if r.sequence > state.LastSeq {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	m, err := stream.GetMsg(ctx, r.sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an event in the stream: %w", err)
	}
	return m.Header.Get(nats.MsgIdHdr) == r.event.ID, nil
}

// firstLost returns the first row that the stream has lost, or one shortly before it. A stream loses its end, so everything
// before the first missing event is present.
func (t *term) firstLost(ctx context.Context, stream jetstream.Stream, last int64) (int64, error) {
	low, high := int64(0), last // invariant: low is present or before all rows; high is missing
	for high-low > repeatSize {
		middle, err := t.published(ctx, `id > $1 and published_at is not null order by id limit 1`, low+(high-low)/2)
		if err != nil {
			return 0, err
		}
		if middle.id == 0 || middle.id >= high {
			high = low + (high-low)/2 + 1 // no row lies between the middle and high
			continue
		}
		there, err := has(ctx, stream, middle)
		if err != nil {
			return 0, err
		}
		if there {
			low = middle.id
		} else {
			high = middle.id
		}
	}
	return low + 1, nil
}

// repeating reports whether rows are to be republished.
func (t *term) repeating() bool { return t.pos != nil && t.pos.after < t.pos.until }

// repeat republishes the next rows and reports whether there are more.
func (t *term) repeat(ctx context.Context) (bool, error) {
	if !t.repeating() {
		return false, nil
	}
	batch, err := t.read(ctx, `id > $1 and id <= $2 and published_at is not null order by id limit $3`, t.pos.after, t.pos.until, repeatSize)
	if err != nil {
		return false, err
	}
	next := *t.pos
	next.after = next.until
	if len(batch) > 0 {
		stored, err := t.publish(ctx, batch)
		if err == nil {
			t.remember(stored)
			err = t.mark(ctx, stored)
		}
		if err != nil {
			return false, err
		}
		next.after = batch[len(batch)-1].id
	}
	if err := t.save(ctx, next); err != nil {
		return false, err
	}
	t.pos = &next
	return next.after < next.until, nil
}

func (t *term) save(ctx context.Context, p position) error {
	return t.write(ctx, `insert into outbox_position (service, stream_created, repeat_after, repeat_until)
		select $1::text, $2::timestamptz, $3::bigint, $4::bigint where exists (select from held)
		on conflict (service) do update set stream_created = excluded.stream_created, repeat_after = excluded.repeat_after,
			repeat_until = excluded.repeat_until`, t.service, p.created, p.after, p.until)
}
