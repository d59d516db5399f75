// Package bus connects to NATS and maintains the streams of the platform: while it is open, missing streams are recreated within
// seconds. Existing streams are never changed.
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

	"european-pay.eu/eupay/internal/dialer"
	"european-pay.eu/eupay/internal/identity"
)

// Settings of a connection.
type Settings struct {
	URL string
	// Name appears in the server's connection list.
	Name string
	// Identity is presented to the server, which must present its own. With nil the connection is unencrypted, for tests of
	// single packages.
	Identity *identity.Identity
	// Access is for a broker that does not know the platform's identities.
	Access Access
	// Replicas of each stream: 1 for a single server, 3 in a cluster.
	Replicas int
	// EventAge is how long events can be replayed. Default: 90 days.
	EventAge time.Duration
	// Bytes limits the size of the streams.
	Bytes Bytes
}

const (
	connectTimeout = 2 * time.Second
	// A server that does not answer three pings in a row is considered gone.
	pingEvery = 2 * time.Second
	pingsOut  = 2
)

// Bus is one connection to NATS. Close it last.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream

	settings Settings
	log      *slog.Logger
	watch    watch

	// The streams are watched until Close.
	open     context.Context
	close    context.CancelFunc
	watching sync.WaitGroup
}

// Connect connects to NATS and creates missing streams, now and whenever one is found missing. While the server cannot be
// reached, it keeps retrying in the background.
func Connect(ctx context.Context, s Settings, log *slog.Logger) (*Bus, error) {
	if err := s.Access.check(); err != nil {
		return nil, err
	}
	b := &Bus{settings: s, log: log, watch: newWatch()}
	b.open, b.close = context.WithCancel(context.WithoutCancel(ctx))
	nc, err := nats.Connect(s.URL, append(s.Access.Secure(s.Identity),
		nats.Name(s.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.SetCustomDialer(dialer.New(connectTimeout)),
		nats.RetryOnFailedConnect(true), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOut),
		nats.ReconnectHandler(func(*nats.Conn) { b.Look() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost, reconnecting", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				log.Error("NATS denies this service a subject: its user lacks a permission", "error", err)
				return
			}
			log.Warn("NATS error", "error", err)
		}),
	)...)
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
	b.watching.Go(b.watchUntilClosed)
	return b, nil
}

// InboxPrefix returns the prefix of the subjects on which the named identity receives replies.
func InboxPrefix(name string) string { return "_INBOX_" + name }

// Close flushes pending messages and closes the connection.
func (b *Bus) Close() {
	b.close()
	b.watching.Wait()
	if err := b.NC.FlushTimeout(2 * time.Second); err != nil {
		b.log.Debug("flush before closing NATS", "error", err)
	}
	b.NC.Close()
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

func (b *Bus) ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, want := range Streams(b.settings) {
		if _, err := b.ensureStream(ctx, want); err != nil {
			return err
		}
	}
	return nil
}
