package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/bus"
)

// Dead is a message that a consumer gave up on.
type Dead struct{ backlog.Dead }

func dead(m stored) Dead { return Dead{backlog.Read(m.seq, m.at, m.subject, m.header, m.data)} }

// Event returns the parked message as an event; an error if no consumer could apply it.
func (d Dead) Event() (Event, error) {
	e, err := d.Dead.Event()
	return Event{Event: e, Subject: d.Subject, Header: d.Header, StoredAt: d.ParkedAt}, err
}

// DeadLetters calls visit with each parked message, oldest first, until it returns false or an error. An empty consumer
// means all.
func (o *Operator) DeadLetters(ctx context.Context, consumer string, visit func(Dead) (bool, error)) error {
	subject := "eupay.dlq.>"
	if consumer != "" {
		if !oneToken.MatchString(consumer) {
			return invalid("%q is no consumer's name", consumer)
		}
		subject = "eupay.dlq." + consumer + ".>"
	}
	return o.scan(ctx, query{stream: bus.DeadLetter, subject: subject}, func(m stored) (bool, error) { return visit(dead(m)) })
}

// DeadLetter returns the parked message at a sequence of EUPAY_DLQ.
func (o *Operator) DeadLetter(ctx context.Context, sequence uint64) (Dead, error) {
	m, err := o.message(ctx, bus.DeadLetter, sequence)
	if err != nil {
		return Dead{}, err
	}
	return dead(m), nil
}

// message reads one message of a stream.
func (o *Operator) message(ctx context.Context, stream string, sequence uint64) (stored, error) {
	s, err := o.stream(ctx, stream)
	if err != nil {
		return stored{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	m, err := s.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		state := s.CachedInfo().State
		return stored{}, fmt.Errorf("%s holds no message #%d: it has #%d to #%d, without those that were removed", stream, sequence, state.FirstSeq, state.LastSeq)
	}
	if err != nil {
		return stored{}, o.explain(err, fmt.Sprintf("read #%d of %s", sequence, stream))
	}
	return stored{seq: m.Sequence, at: m.Time.UTC(), subject: m.Subject, header: m.Header, data: m.Data}, nil
}

// Requeue selects the parked messages that go back to their consumer.
type Requeue struct {
	// Sequences of single messages; none: all of Consumer that are parked now.
	Sequences []uint64
	// Consumer may be empty if there are sequences; otherwise they must be parked by it.
	Consumer string
}

// Requeued is the result for one parked message, planned or done.
type Requeued struct {
	Dead
	// Refused says why it stays parked; empty: it went back.
	Refused string
}

// PlanRequeue returns what RequeueDead would do.
func (o *Operator) PlanRequeue(ctx context.Context, q Requeue) ([]Requeued, error) {
	chosen, err := o.chosen(ctx, q)
	if err != nil {
		return nil, err
	}
	takes, err := o.durables(ctx, bus.Replay)
	if err != nil {
		return nil, err
	}
	plan := make([]Requeued, len(chosen))
	for i, d := range chosen {
		plan[i] = Requeued{Dead: d, Refused: d.Refusal()}
		if _, ok := takes[d.Consumer]; !ok && plan[i].Refused == "" {
			plan[i].Refused = "its consumer " + d.Consumer + " is not there: start its service first"
		}
	}
	return plan, nil
}

func (o *Operator) chosen(ctx context.Context, q Requeue) (all []Dead, err error) {
	if len(q.Sequences) == 0 {
		if q.Consumer == "" {
			return nil, invalid("say which: numbers as `eupayctl dlq list` shows them, or --all with --consumer")
		}
		err := o.DeadLetters(ctx, q.Consumer, func(d Dead) (bool, error) {
			all = append(all, d)
			return true, nil
		})
		return all, err
	}
	sequences := slices.Clone(q.Sequences)
	slices.Sort(sequences) // the order in which they were parked
	for _, sequence := range slices.Compact(sequences) {
		d, err := o.DeadLetter(ctx, sequence)
		if err != nil {
			return nil, err
		}
		if q.Consumer != "" && d.Consumer != q.Consumer {
			return nil, invalid("#%d was parked by %s, not by %s", sequence, d.Consumer, q.Consumer)
		}
		all = append(all, d)
	}
	return all, nil
}

// RequeueDead sends the planned messages back to their consumers, in order. Each is removed from EUPAY_DLQ only after the
// broker has stored it for its consumer: a crash in between leaves both, and the second requeue is dropped by the broker
// or, later, by the consumer's inbox. It stops when ctx ends or at the first error, and returns how many went back.
func (o *Operator) RequeueDead(ctx context.Context, plan []Requeued) (moved int, err error) {
	s, err := o.stream(ctx, bus.DeadLetter)
	if err != nil {
		return 0, err
	}
	for _, p := range plan {
		if p.Refused != "" {
			continue
		}
		if ctx.Err() != nil {
			return moved, fmt.Errorf("stopped before #%d: %w", p.Sequence, ctx.Err())
		}
		if err := o.requeue(context.WithoutCancel(ctx), s, p.Dead); err != nil {
			return moved, err
		}
		moved++
	}
	return moved, nil
}

func (o *Operator) requeue(ctx context.Context, s jetstream.Stream, d Dead) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	m, err := d.Message()
	if err != nil {
		return err
	}
	if _, err := o.js.PublishMsg(ctx, m); err != nil {
		return o.explain(err, fmt.Sprintf("send #%d back (it stays in %s)", d.Sequence, bus.DeadLetter))
	}
	if err := s.DeleteMsg(ctx, d.Sequence); err != nil {
		return o.explain(err, fmt.Sprintf("remove #%d from %s (it was sent back; to do so again is harmless)", d.Sequence, bus.DeadLetter))
	}
	return nil
}
