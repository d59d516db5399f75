package boot

import (
	"time"

	"european-pay.eu/eupay/internal/run/bus"
)

// StreamSettings are the settings for streams that services create. They do not change existing streams.
type StreamSettings struct {
	// NATSReplicas is how many servers keep a stream: 1, 3 or 5.
	NATSReplicas int `env:"EUPAY_NATS_REPLICAS" envDefault:"1"`
	// EventAge is how long events can be replayed.
	EventAge time.Duration `env:"EUPAY_EVENT_AGE" envDefault:"2160h"`
	// The size limit of each stream in MiB. The broker reserves it.
	EventsMiB      int64 `env:"EUPAY_EVENTS_MIB" envDefault:"8192"`
	CommandsMiB    int64 `env:"EUPAY_COMMANDS_MIB" envDefault:"512"`
	ReplayMiB      int64 `env:"EUPAY_REPLAY_MIB" envDefault:"512"`
	DeadLettersMiB int64 `env:"EUPAY_DEAD_LETTERS_MIB" envDefault:"512"`
}

// Broker returns the settings for the bus.
func (s StreamSettings) Broker() bus.Settings {
	return bus.Settings{Replicas: s.NATSReplicas, EventAge: s.EventAge, Bytes: bus.Bytes{
		Events: s.EventsMiB << 20, Commands: s.CommandsMiB << 20, Replay: s.ReplayMiB << 20, DeadLetter: s.DeadLettersMiB << 20,
	}}
}
