// Package bus connects to NATS and keeps the streams that the platform needs in place.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names of the streams.
const (
	Commands   = "EUPAY_COMMANDS"
	Events     = "EUPAY_EVENTS"
	Replay     = "EUPAY_REPLAY"
	DeadLetter = "EUPAY_DLQ"
)

// Settings of a connection.
type Settings struct {
	URL string
	// Name shows up in the server's connection list.
	Name string
	// Replicas of each stream: 1 for a single server, 3 in a cluster.
	Replicas int
	// EventAge is how long events can be replayed.
	EventAge time.Duration
}

// Bus is one connection to NATS. Close it last.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream

	settings Settings
	log      *slog.Logger

	// The streams are put back after a reconnect until Close.
	open    context.Context
	close   context.CancelFunc
	mending sync.WaitGroup
}

// Connect connects to NATS, waiting and retrying for ever in the background when the server is away, and ensures the
// streams now and after every reconnect.
func Connect(ctx context.Context, s Settings, log *slog.Logger) (*Bus, error) {
	b := &Bus{settings: s, log: log}
	b.open, b.close = context.WithCancel(context.WithoutCancel(ctx))
	nc, err := nats.Connect(s.URL,
		nats.Name(s.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond),
		nats.RetryOnFailedConnect(true), nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(2),
		nats.ReconnectHandler(func(*nats.Conn) { b.mending.Go(b.reensure) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost, reconnecting", "error", err)
			}
		}),
	)
	if err != nil {
		b.close()
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(16384))
	if err != nil {
		b.close()
		nc.Close()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	b.NC, b.JS = nc, js
	if err := b.ensureUntil(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close flushes what was published and closes the connection.
func (b *Bus) Close() {
	b.close()
	if err := b.NC.FlushTimeout(2 * time.Second); err != nil {
		b.log.Debug("flush before closing NATS", "error", err)
	}
	b.NC.Close()
	b.mending.Wait()
}

func (b *Bus) ensureUntil(ctx context.Context) error {
	for {
		err := b.ensure(ctx)
		if err == nil {
			return nil
		}
		b.log.Info("waiting for NATS", "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for NATS: %w", err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// reensure puts the streams back after a reconnect: the server may have lost its disk.
func (b *Bus) reensure() {
	ctx, cancel := context.WithTimeout(b.open, 30*time.Second)
	defer cancel()
	if err := b.ensureUntil(ctx); err != nil && b.open.Err() == nil {
		b.log.Error("streams could not be ensured after a reconnect", "error", err)
	}
}

func (b *Bus) ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, cfg := range b.streams() {
		_, err := b.JS.CreateStream(ctx, cfg) // does nothing when the stream is there and the same
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			_, err = b.JS.UpdateStream(ctx, cfg)
		}
		if err != nil {
			return fmt.Errorf("ensure stream %s: %w", cfg.Name, err)
		}
	}
	return nil
}

func (b *Bus) streams() []jetstream.StreamConfig {
	replicas := max(b.settings.Replicas, 1)
	age := b.settings.EventAge
	if age <= 0 {
		age = 90 * 24 * time.Hour
	}
	return []jetstream.StreamConfig{
		{
			Name: Commands, Subjects: []string{"eupay.cmd.>"}, Retention: jetstream.WorkQueuePolicy,
			MaxAge: 24 * time.Hour, Storage: jetstream.FileStorage, Replicas: replicas, Duplicates: 2 * time.Minute,
		},
		{
			Name: Events, Subjects: []string{"eupay.evt.>"}, Retention: jetstream.LimitsPolicy,
			MaxAge: age, Storage: jetstream.FileStorage, Replicas: replicas, Duplicates: 10 * time.Minute,
		},
		{
			Name: Replay, Subjects: []string{"eupay.replay.>"}, Retention: jetstream.WorkQueuePolicy,
			MaxAge: 7 * 24 * time.Hour, Storage: jetstream.FileStorage, Replicas: replicas,
		},
		{
			Name: DeadLetter, Subjects: []string{"eupay.dlq.>"}, Retention: jetstream.LimitsPolicy,
			MaxAge: 90 * 24 * time.Hour, Storage: jetstream.FileStorage, Replicas: replicas, Duplicates: 10 * time.Minute,
		},
	}
}
