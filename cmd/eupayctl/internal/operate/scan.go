package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pageSize is how many messages are fetched at a time.
	pageSize = 500
	// idle is how long the broker keeps a reader that does not fetch, because replaying a page takes that long or because
	// the tool was killed. One that is gone is made again where it was.
	idle = 5 * time.Minute
	// restarts is how often in a row a reader is made again without getting any further.
	restarts = 5
	// followWait bounds one wait for a new message.
	followWait = 10 * time.Second
)

// query says which messages of a stream to read, in the order of the stream.
type query struct {
	stream  string
	subject string
	// from and at are where to begin: the sequence when it is not 0, else the time of storing, else the first message.
	from uint64
	at   time.Time
	// headersOnly leaves out the bodies.
	headersOnly bool
	// follow goes on with new messages until ctx ends. Otherwise the messages that are there at the start are read.
	follow bool
}

// stored is a message as a stream keeps it.
type stored struct {
	seq     uint64
	at      time.Time
	subject string
	header  nats.Header
	data    []byte
}

// reader reads a stream through a short-lived consumer without acknowledgements. The broker numbers what it delivers, so
// a message that got lost on the way is noticed, and read by a new consumer that begins there.
type reader struct {
	o    *Operator
	q    query
	last uint64 // sequence of the stream at the start

	cons      jetstream.Consumer
	delivered uint64 // of this consumer
	pending   uint64 // that it has yet to deliver
	done      uint64 // sequence of the last message that was visited
}

// scan calls visit with each message until visit returns false or an error.
func (o *Operator) scan(ctx context.Context, q query, visit func(stored) (bool, error)) error {
	s, err := o.stream(ctx, q.stream)
	if err != nil {
		return err
	}
	r := &reader{o: o, q: q, last: s.CachedInfo().State.LastSeq}
	defer r.close(ctx)
	failures := 0
	for {
		before := r.done
		more, err := r.next(ctx, visit)
		var broken *brokenError
		switch {
		case err == nil && !more:
			return nil
		case err == nil || r.done > before:
			failures = 0
		}
		if err == nil {
			continue
		}
		if failures++; !errors.As(err, &broken) || failures > restarts || ctx.Err() != nil {
			return o.explain(err, "read the stream "+q.stream)
		}
		r.close(ctx)
	}
}

// brokenError: the consumer cannot be used any more.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

// next visits the next page. It returns false after the last message.
func (r *reader) next(ctx context.Context, visit func(stored) (bool, error)) (bool, error) {
	if err := r.open(ctx); err != nil {
		return false, err
	}
	want, wait := min(r.pending, pageSize), r.o.timeout
	if want == 0 {
		if !r.q.follow {
			return false, nil
		}
		want, wait = 1, followWait
	}
	page, err := r.fetch(ctx, int(want), wait)
	for _, m := range page {
		if !r.q.follow && m.seq > r.last {
			return false, nil
		}
		more, visitErr := visit(m)
		if visitErr != nil || !more {
			return false, visitErr
		}
		r.done = m.seq
	}
	return true, err
}

func (r *reader) open(ctx context.Context) error {
	if r.cons != nil {
		return nil
	}
	cfg := jetstream.ConsumerConfig{
		FilterSubject: r.q.subject, AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1,
		InactiveThreshold: idle, HeadersOnly: r.q.headersOnly, DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	from := r.q.from
	if r.done > 0 {
		from = r.done + 1
	}
	switch {
	case from > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
	case !r.q.at.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &r.q.at
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.timeout)
	defer cancel()
	cons, err := r.o.js.CreateConsumer(ctx, r.q.stream, cfg)
	if err != nil {
		return fmt.Errorf("make a reader: %w", err)
	}
	r.cons, r.delivered, r.pending = cons, 0, cons.CachedInfo().NumPending
	return nil
}

// close removes the consumer; the broker itself does so when this fails.
func (r *reader) close(ctx context.Context) {
	if r.cons == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.timeout)
	defer cancel()
	_ = r.o.js.DeleteConsumer(ctx, r.q.stream, r.cons.CachedInfo().Name)
	r.cons = nil
}

// fetch returns the messages that came in order, also with an error. Fewer than wanted without an error: the wait is over.
func (r *reader) fetch(ctx context.Context, want int, wait time.Duration) (page []stored, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	batch, err := r.cons.Fetch(want, jetstream.FetchContext(ctx))
	if err != nil {
		return nil, &brokenError{fmt.Errorf("fetch: %w", err)}
	}
	for m := range batch.Messages() {
		meta, err := m.Metadata()
		if err != nil {
			return page, fmt.Errorf("read the place of a message: %w", err)
		}
		if meta.Sequence.Consumer != r.delivered+1 {
			return page, &brokenError{errors.New("messages were lost on the way")}
		}
		r.delivered, r.pending = meta.Sequence.Consumer, meta.NumPending
		page = append(page, stored{seq: meta.Sequence.Stream, at: meta.Timestamp.UTC(), subject: m.Subject(), header: m.Headers(), data: m.Data()})
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return page, &brokenError{fmt.Errorf("fetch: %w", err)}
	}
	if len(page) < want && !r.q.follow {
		return page, r.refresh(ctx)
	}
	return page, nil
}

// refresh asks what is left: messages that were to come may have grown too old meanwhile.
func (r *reader) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.timeout)
	defer cancel()
	info, err := r.cons.Info(ctx)
	if err != nil {
		return &brokenError{fmt.Errorf("ask how much is left: %w", err)}
	}
	if info.NumPending > 0 {
		return &brokenError{context.DeadlineExceeded}
	}
	r.pending = 0
	return nil
}
