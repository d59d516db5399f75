package bus

import (
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Names of the streams.
const (
	Commands   = "EUPAY_COMMANDS"
	Events     = "EUPAY_EVENTS"
	Replay     = "EUPAY_REPLAY"
	DeadLetter = "EUPAY_DLQ"
)

// Bytes limits the size of each stream, so that none takes the space of another. The server reserves it: its store must have room
// for the sum. 0: the default.
type Bytes struct {
	Events, Commands, Replay, DeadLetter int64
}

// DefaultBytes suffice for about a hundred million events within the default retention.
var DefaultBytes = Bytes{Events: 8 << 30, Commands: 512 << 20, Replay: 512 << 20, DeadLetter: 512 << 20}

// Sum returns the size limit of all streams together.
func (b Bytes) Sum() int64 {
	b = b.orDefault()
	return b.Events + b.Commands + b.Replay + b.DeadLetter
}

func (b Bytes) orDefault() Bytes {
	for _, pair := range []struct {
		have *int64
		std  int64
	}{{&b.Events, DefaultBytes.Events}, {&b.Commands, DefaultBytes.Commands}, {&b.Replay, DefaultBytes.Replay}, {&b.DeadLetter, DefaultBytes.DeadLetter}} {
		if *pair.have <= 0 {
			*pair.have = pair.std
		}
	}
	return b
}

// DefaultEventAge is how long events are kept by default.
const DefaultEventAge = 90 * 24 * time.Hour

// EventAge is how long events can be replayed.
func (b *Bus) EventAge() time.Duration { return b.settings.eventAge() }

func (s Settings) eventAge() time.Duration {
	if s.EventAge <= 0 {
		return DefaultEventAge
	}
	return s.EventAge
}

// Streams returns the streams that a service with these settings creates. When they are full, events and dead letters discard the
// oldest message; commands and replays are refused, because no other copy of them exists.
func Streams(s Settings) []jetstream.StreamConfig {
	bytes := s.Bytes.orDefault()
	all := []jetstream.StreamConfig{
		{
			Name: Commands, Subjects: []string{"eupay.cmd.>"}, Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			MaxAge: 24 * time.Hour, MaxBytes: bytes.Commands, Duplicates: 2 * time.Minute,
		},
		{
			Name: Events, Subjects: []string{"eupay.evt.>"}, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
			MaxAge: s.eventAge(), MaxBytes: bytes.Events, Duplicates: 10 * time.Minute,
		},
		{
			Name: Replay, Subjects: []string{"eupay.replay.>"}, Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			MaxAge: 7 * 24 * time.Hour, MaxBytes: bytes.Replay, Duplicates: 2 * time.Minute,
		},
		{
			Name: DeadLetter, Subjects: []string{"eupay.dlq.>"}, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
			MaxAge: 90 * 24 * time.Hour, MaxBytes: bytes.DeadLetter, Duplicates: 10 * time.Minute,
		},
	}
	for i := range all {
		all[i].Storage, all[i].Replicas = jetstream.FileStorage, max(s.Replicas, 1)
	}
	return all
}

// Differences describes each setting in which a stream differs from the wanted configuration.
func Differences(want, have jetstream.StreamConfig) (list []string) {
	note := func(what string, want, have any) {
		if fmt.Sprint(want) != fmt.Sprint(have) {
			list = append(list, fmt.Sprintf("%s: %v, the settings say %v", what, have, want))
		}
	}
	slices.Sort(have.Subjects)
	note("subjects", want.Subjects, have.Subjects)
	note("retention", want.Retention, have.Retention)
	note("storage", want.Storage, have.Storage)
	note("replicas", want.Replicas, have.Replicas)
	note("max age", want.MaxAge, have.MaxAge)
	note("max bytes", want.MaxBytes, have.MaxBytes)
	note("when full", want.Discard, have.Discard)
	note("duplicates window", want.Duplicates, have.Duplicates)
	return list
}
