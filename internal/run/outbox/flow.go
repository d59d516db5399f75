package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// flow keeps the broker and the database busy at the same time: while the broker stores one batch of new events, the batch before it is
// marked and the one after it is read.
//
// Events of one payment stay in order: they are committed in the order of their ids, and a read takes every event that is visible and not
// on its way. Reading on from the last id would break that order: an event that was committed late has a smaller id and would be skipped,
// and the next event of its payment would overtake it.
type flow struct {
	*term
	// waiting are sent; the broker has not acknowledged them yet.
	waiting []sent
	// stored are stored by the broker and wait to be marked, while others are.
	stored []row
	// marking are being marked. The result comes on marked, which is nil when there are none.
	marking []row
	marked  chan error
}

// next reads the oldest unpublished events that are not on their way.
func (f *flow) next(ctx context.Context) ([]row, error) {
	ids := make([]int64, 0, len(f.waiting)+len(f.stored)+len(f.marking))
	for _, s := range f.waiting {
		ids = append(ids, s.row.id)
	}
	for _, r := range slices.Concat(f.stored, f.marking) {
		ids = append(ids, r.id)
	}
	return f.read(ctx, `published_at is null and not id <@ $2::text::int8multirange order by id limit $1`, batchSize, ranges(ids))
}

// ranges returns ids as an int8multirange: a few ranges, in which PostgreSQL finds a row faster than in a list.
func ranges(ids []int64) string {
	slices.Sort(ids)
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(ids); {
		first := i
		for i++; i < len(ids) && ids[i] == ids[i-1]+1; i++ {
		}
		if first > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "[%d,%d]", ids[first], ids[i-1])
	}
	b.WriteByte('}')
	return b.String()
}

// publish waits until the batch before is stored, lets it be marked, and sends the next one. Nothing is sent after an event that the broker
// refused, which is sent again first: it may be about the same payment.
func (f *flow) publish(ctx context.Context, batch []row) error {
	if err := f.acknowledge(ctx); err != nil {
		return err
	}
	list, err := f.sendAll(ctx, batch)
	f.waiting = list
	return err
}

// acknowledge waits until the broker has stored what was sent, and begins to mark it. If others are being marked, it is marked after them, so
// that new events need not wait; a full batch does wait.
func (f *flow) acknowledge(ctx context.Context) error {
	stored, failed := acknowledged(ctx, f.waiting)
	f.waiting = nil
	published.WithLabelValues(f.service).Add(float64(len(stored)))
	var err error
	if f.isMarked() || len(f.stored)+len(stored) >= batchSize {
		err = f.endMarking()
	}
	if f.reconnects != f.bus.NC.Stats().Reconnects { // when all before are marked, and before the new events count as the last stored
		err = errors.Join(err, f.markAll(ctx), f.check(ctx))
	}
	f.remember(stored)
	f.stored = append(f.stored, stored...)
	if f.marked == nil {
		f.beginMarking(ctx)
	}
	return errors.Join(failed, err)
}

func (f *flow) beginMarking(ctx context.Context) {
	if len(f.stored) == 0 {
		return
	}
	rows, marked := f.stored, make(chan error, 1)
	f.marking, f.marked, f.stored = rows, marked, nil
	go func() { marked <- f.mark(ctx, rows) }()
}

// isMarked reports whether the result of marking has come.
func (f *flow) isMarked() bool { return len(f.marked) > 0 }

// endMarking waits until the events that are being marked are marked.
func (f *flow) endMarking() error {
	if f.marked == nil {
		return nil
	}
	err := <-f.marked
	f.marking, f.marked = nil, nil
	return err
}

// woken waits until what was sent is stored and marked, and reports whether the relay was woken before.
func (f *flow) woken(ctx context.Context) (bool, error) {
	if err := f.acknowledge(ctx); err != nil {
		return false, err
	}
	for f.marked != nil {
		select {
		case <-f.wake:
			return true, nil
		case err := <-f.marked:
			f.marking, f.marked = nil, nil
			if err != nil {
				return false, err
			}
			f.beginMarking(ctx)
		}
	}
	return false, nil
}

// markAll waits until everything that is stored is marked.
func (f *flow) markAll(ctx context.Context) error {
	err := f.endMarking()
	f.beginMarking(ctx)
	return errors.Join(err, f.endMarking())
}

// finish waits for everything that is on its way.
func (f *flow) finish(ctx context.Context) error {
	return errors.Join(f.acknowledge(ctx), f.markAll(ctx))
}
