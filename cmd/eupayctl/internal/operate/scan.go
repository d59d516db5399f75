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
	// idle is how long the broker keeps a reader that does not fetch, because a page takes long to replay or the tool was killed.
	// A reader that is gone is created again at its position.
	idle = 5 * time.Minute
	// restarts is how often in a row a reader is created again without any progress.
	restarts = 5
	// followWait is how long to wait for a new message at a time.
	followWait = 10 * time.Second
)

// query selects messages of a stream, in the order of the stream.
type query struct {
	stream  string
	subject string
	// from and at are the start: the sequence if it is not 0, else the time of storing, else the first message.
	from uint64
	at   time.Time
	// headersOnly omits the bodies.
	headersOnly bool
	// follow continues with new messages until ctx ends. Otherwise only messages that exist at the start are read.
	follow bool
}

// stored is a message in a stream.
type stored struct {
	seq     uint64
	at      time.Time
	subject string
	header  nats.Header
	data    []byte
}

// reader reads a stream through a short-lived consumer without acknowledgements. The broker numbers its deliveries, so a lost
// message is detected and read by a new consumer that starts there.
type reader struct {
	o    *Operator
	q    query
	last uint64 // last sequence of the stream at the start

	cons      jetstream.Consumer
	delivered uint64 // by this consumer
	pending   uint64 // not delivered yet
	done      uint64 // sequence of the last visited message
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

// brokenError means that the consumer cannot be used any more.
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

// close removes the consumer; if this fails, the broker does so itself.
func (r *reader) close(ctx context.Context) {
	if r.cons == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.timeout)
	defer cancel()
	_ = r.o.js.DeleteConsumer(ctx, r.q.stream, r.cons.CachedInfo().Name)
	r.cons = nil
}

// fetch returns the messages that arrived in order, also with an error. Fewer than requested without an error: the wait is over.
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

// refresh reads what is left: messages may have expired meanwhile.
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
