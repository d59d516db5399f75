package operate

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Stream is the state of a stream and its consumers.
type Stream struct {
	Name     string
	Messages uint64
	Bytes    uint64
	// First and Last are when the oldest and newest message were stored; zero when the stream is empty.
	First, Last time.Time
	// MaxAge is how long messages are kept; 0: for ever.
	MaxAge    time.Duration
	Consumers []Consumer
}

// Consumer is the state of a durable consumer.
type Consumer struct {
	Name string
	// Lag is how many messages wait to be delivered to it.
	Lag uint64
	// AckPending were delivered and are not acknowledged.
	AckPending int
	// Redelivered of those were delivered more than once.
	Redelivered int
	// LastActivity is the last delivery or acknowledgement; zero: none since the broker started.
	LastActivity time.Time
}

// Status returns every stream and its durable consumers, by name. Readers that come and go, as this tool's, are left out.
func (o *Operator) Status(ctx context.Context) ([]Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	list := o.js.ListStreams(ctx)
	var all []Stream
	for info := range list.Info() {
		all = append(all, Stream{
			Name: info.Config.Name, Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxAge: info.Config.MaxAge,
			First: unlessEmpty(info.State, info.State.FirstTime), Last: unlessEmpty(info.State, info.State.LastTime),
		})
	}
	if err := list.Err(); err != nil {
		return nil, o.explain(err, "list the streams")
	}
	for i := range all {
		infos, err := o.consumers(ctx, all[i].Name)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			all[i].Consumers = append(all[i].Consumers, Consumer{
				Name: info.Config.Durable, Lag: info.NumPending, AckPending: info.NumAckPending, Redelivered: info.NumRedelivered,
				LastActivity: latest(info.Delivered.Last, info.AckFloor.Last),
			})
		}
	}
	slices.SortFunc(all, func(a, b Stream) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func unlessEmpty(state jetstream.StreamState, at time.Time) time.Time {
	if state.Msgs == 0 {
		return time.Time{}
	}
	return at.UTC()
}

func latest(times ...*time.Time) (last time.Time) {
	for _, t := range times {
		if t != nil && t.After(last) {
			last = t.UTC()
		}
	}
	return last
}

// consumers returns the durables of a stream, by name.
func (o *Operator) consumers(ctx context.Context, stream string) ([]*jetstream.ConsumerInfo, error) {
	s, err := o.stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	list := s.ListConsumers(ctx)
	var all []*jetstream.ConsumerInfo
	for info := range list.Info() {
		if info.Config.Durable != "" {
			all = append(all, info)
		}
	}
	if err := list.Err(); err != nil {
		return nil, o.explain(err, "list the consumers of "+stream)
	}
	slices.SortFunc(all, func(a, b *jetstream.ConsumerInfo) int { return strings.Compare(a.Config.Durable, b.Config.Durable) })
	return all, nil
}

// durables returns the settings of the stream's durables by name.
func (o *Operator) durables(ctx context.Context, stream string) (map[string]jetstream.ConsumerConfig, error) {
	infos, err := o.consumers(ctx, stream)
	if err != nil {
		return nil, err
	}
	all := make(map[string]jetstream.ConsumerConfig, len(infos))
	for _, info := range infos {
		all[info.Config.Durable] = info.Config
	}
	return all, nil
}
