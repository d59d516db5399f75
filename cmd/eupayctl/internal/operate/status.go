package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// Stream is the state of a stream and its consumers.
type Stream struct {
	Name     string
	Messages uint64
	Bytes    uint64
	// First and Last are when the oldest and newest message were stored; zero if the stream is empty.
	First, Last time.Time
	// MaxAge is how long messages are kept; 0: forever.
	MaxAge time.Duration
	// MaxBytes is the size limit; 0: none.
	MaxBytes  uint64
	Consumers []Consumer

	config jetstream.StreamConfig
}

// Consumer is the state of a durable consumer.
type Consumer struct {
	Name string
	// Lag is the number of messages to be delivered.
	Lag uint64
	// AckPending is the number of delivered messages without an acknowledgement.
	AckPending int
	// Redelivered is how many of those were delivered more than once.
	Redelivered int
	// LastActivity is the last delivery or acknowledgement; zero: none since the broker started.
	LastActivity time.Time
}

// Status returns all streams and their durable consumers, by name. Short-lived readers, like those of this tool, are omitted.
func (o *Operator) Status(ctx context.Context) ([]Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	list := o.js.ListStreams(ctx)
	var all []Stream
	for info := range list.Info() {
		all = append(all, Stream{
			Name: info.Config.Name, Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxAge: info.Config.MaxAge,
			MaxBytes: uint64(max(info.Config.MaxBytes, 0)), config: info.Config,
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

// consumers that the services create; push only if notifications to browsers are configured.
var (
	ofEvents  = []string{"einvoice", "images", "links", "loyalty", "merchants", "occurrences", "orders", "settlement", "subscriptions", "webhooks"}
	expecting = map[string][]string{bus.Commands: {"payments"}, bus.Events: ofEvents, bus.Replay: ofEvents}
)

// Wrong returns a sentence for each missing stream or consumer, and for each stream that differs from the settings.
func Wrong(all []Stream, settings bus.Settings) (list []string) {
	for _, want := range bus.Streams(settings) {
		i := slices.IndexFunc(all, func(s Stream) bool { return s.Name == want.Name })
		if i < 0 {
			list = append(list, fmt.Sprintf("the stream %s is missing: the services make it within seconds while they are connected", want.Name))
			continue
		}
		for _, difference := range bus.Differences(want, all[i].config) {
			list = append(list, fmt.Sprintf("the stream %s differs: %s", want.Name, difference))
		}
		for _, name := range expecting[want.Name] {
			if !slices.ContainsFunc(all[i].Consumers, func(c Consumer) bool { return events.ConsumerOf(c.Name) == name }) {
				list = append(list, fmt.Sprintf("the consumer %s on %s is missing: its service makes it within seconds while it runs", name, want.Name))
			}
		}
	}
	return list
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

// durables returns the configurations of the stream's durables by the name of the consumer, whose lanes all have the same subjects.
func (o *Operator) durables(ctx context.Context, stream string) (map[string]jetstream.ConsumerConfig, error) {
	infos, err := o.consumers(ctx, stream)
	if err != nil {
		return nil, err
	}
	all := make(map[string]jetstream.ConsumerConfig, len(infos))
	for _, info := range infos {
		all[events.ConsumerOf(info.Config.Durable)] = info.Config
	}
	return all, nil
}
