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

// Bytes bounds what each stream stores, so that none takes the room of another. The server reserves them: its store must have room for
// the sum. 0: the default.
type Bytes struct {
	Events, Commands, Replay, DeadLetter int64
}

// DefaultBytes are for a hundred million events or so in the days that they are kept.
var DefaultBytes = Bytes{Events: 8 << 30, Commands: 512 << 20, Replay: 512 << 20, DeadLetter: 512 << 20}

// Sum is what all streams together may store.
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

// DefaultEventAge is how long events are kept unless a setting says otherwise.
const DefaultEventAge = 90 * 24 * time.Hour

// EventAge is how long events can be replayed.
func (b *Bus) EventAge() time.Duration { return b.settings.eventAge() }

func (s Settings) eventAge() time.Duration {
	if s.EventAge <= 0 {
		return DefaultEventAge
	}
	return s.EventAge
}

// Streams are the streams that a service with these settings makes where they are missing. When they are full the oldest events and
// dead letters go first; commands and replays are refused, because nobody else knows of them.
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

// Differences says, one sentence each, where a stream is not as a service with other settings would make it.
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
