package backlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
)

// maxListed bounds a list of dead letters, for each consumer.
const maxListed = 100

// brokerTimeout bounds one answer of the broker.
const brokerTimeout = 5 * time.Second

// Durable is a durable consumer of the service.
type Durable struct{ Stream, Name string }

// OfEvents are consumers on the events and on what is replayed to them.
func OfEvents(names ...string) []Durable {
	list := make([]Durable, 0, 2*len(names))
	for _, name := range names {
		list = append(list, Durable{bus.Events, name}, Durable{bus.Replay, name})
	}
	return list
}

// OfLanes are the durables of a consumer with lanes.
func OfLanes(name string, lanes int) []Durable {
	var list []Durable
	for _, durable := range events.Durables(name, lanes) {
		list = append(list, Durable{bus.Events, durable})
	}
	return append(list, Durable{bus.Replay, name})
}

// Server implements BacklogService for the consumers of one service.
type Server struct {
	operationsv1.UnimplementedBacklogServiceServer
	js       jetstream.JetStream
	durables []Durable
}

// NewServer returns the service for those consumers.
func NewServer(js jetstream.JetStream, durables []Durable) *Server {
	return &Server{js: js, durables: durables}
}

// ListConsumers implements BacklogService.
func (s *Server) ListConsumers(ctx context.Context, _ *operationsv1.ListConsumersRequest) (*operationsv1.ListConsumersResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	out := &operationsv1.ListConsumersResponse{}
	for _, d := range s.durables {
		c, err := s.consumer(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("read consumer %s on %s: %w", d.Name, d.Stream, err)
		}
		out.Consumers = append(out.Consumers, c)
	}
	return out, nil
}

func (s *Server) consumer(ctx context.Context, d Durable) (*operationsv1.Consumer, error) {
	out := &operationsv1.Consumer{Stream: d.Stream, Name: d.Name}
	c, err := s.js.Consumer(ctx, d.Stream, d.Name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		out.Missing = true
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	info := c.CachedInfo() // it was read a moment ago
	out.Lag, out.Unacknowledged, out.Redelivered = info.NumPending, int64(info.NumAckPending), int64(info.NumRedelivered)
	var last time.Time
	for _, at := range []*time.Time{info.Delivered.Last, info.AckFloor.Last} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	if !last.IsZero() {
		out.LastActivityAt = timestamppb.New(last)
	}
	return out, nil
}

// ListDeadLetters implements BacklogService.
func (s *Server) ListDeadLetters(ctx context.Context, r *operationsv1.ListDeadLettersRequest) (*operationsv1.ListDeadLettersResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	stream, err := s.js.Stream(ctx, bus.DeadLetter)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", bus.DeadLetter, err)
	}
	out := &operationsv1.ListDeadLettersResponse{}
	for _, name := range s.names() {
		next, left := uint64(1), max(1, min(int(r.GetLimit()), maxListed))
		for ; left > 0; left-- {
			m, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(deadPrefix+name+".>"))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read dead letters of %s: %w", name, err)
			}
			next = m.Sequence + 1
			out.DeadLetters = append(out.DeadLetters, shown(Read(m.Sequence, m.Time, m.Subject, m.Header, m.Data)))
		}
	}
	return out, nil
}

// names are the service's consumers, each once.
func (s *Server) names() (list []string) {
	seen := make(map[string]bool)
	for _, d := range s.durables {
		if name := events.ConsumerOf(d.Name); !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

func shown(d Dead) *operationsv1.DeadLetter {
	out := &operationsv1.DeadLetter{
		Sequence: d.Sequence, Consumer: d.Consumer, ParkedAt: timestamppb.New(d.ParkedAt), Subject: d.Subject, Reason: d.Reason, Refusal: d.Refusal(),
	}
	if e, err := d.Event(); err == nil {
		out.EventId, out.EventType, out.MerchantId, out.Livemode = e.ID, e.Type, e.Merchant, e.Livemode
	}
	return out
}

// RequeueDeadLetter implements BacklogService. The letter is removed only after the broker has stored it for its consumer: a crash in between
// leaves both, and the second requeue is dropped by the broker or, later, by the consumer's inbox.
func (s *Server) RequeueDeadLetter(ctx context.Context, r *operationsv1.RequeueDeadLetterRequest) (*operationsv1.RequeueDeadLetterResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	stream, err := s.js.Stream(ctx, bus.DeadLetter)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", bus.DeadLetter, err)
	}
	d, err := s.mine(ctx, stream, r.GetSequence())
	if err != nil {
		return nil, err
	}
	if d.Refusal() != "" {
		return nil, errs.New(errs.InvalidState, "This event cannot be given back: its consumer could not read it, or it is a command that must not be carried out now.")
	}
	m, err := d.Message()
	if err != nil {
		return nil, err
	}
	if _, err := s.js.PublishMsg(ctx, m); err != nil {
		return nil, fmt.Errorf("give #%d back: %w", d.Sequence, err)
	}
	if err := stream.DeleteMsg(ctx, d.Sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("remove #%d from %s: %w", d.Sequence, bus.DeadLetter, err)
	}
	return &operationsv1.RequeueDeadLetterResponse{DeadLetter: shown(d)}, nil
}

// mine is the dead letter with that number, if one of the service's consumers parked it.
func (s *Server) mine(ctx context.Context, stream jetstream.Stream, sequence uint64) (Dead, error) {
	m, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Dead{}, errs.NotFound("Dead letter")
	}
	if err != nil {
		return Dead{}, fmt.Errorf("read #%d of %s: %w", sequence, bus.DeadLetter, err)
	}
	d := Read(m.Sequence, m.Time, m.Subject, m.Header, m.Data)
	for _, name := range s.names() {
		if d.Consumer == name {
			return d, nil
		}
	}
	return Dead{}, errs.NotFound("Dead letter")
}
