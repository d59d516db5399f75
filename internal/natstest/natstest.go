// Package natstest runs a real NATS server with JetStream inside the process: for tests and for the all-in-one.
package natstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"european-pay.eu/eupay/internal/bus"
)

// Options of an embedded server.
type Options struct {
	Dir   string
	Port  int    // -1: any free one
	Token string // empty: no authentication
}

// Start runs a server on loopback that keeps its streams in Dir. The caller ends it with Stop.
func Start(o Options) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "eupay-embedded", Host: "127.0.0.1", Port: o.Port, Authorization: o.Token,
		JetStream: true, StoreDir: o.Dir, NoSigs: true, NoLog: true, MaxPayload: 1 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("make NATS server: %w", err)
	}
	go srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		Stop(srv)
		return nil, errors.New("NATS server was not ready within 10 s")
	}
	return srv, nil
}

// Stop shuts the server down and waits for it.
func Stop(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}

// New runs a server for one test and returns a connected bus.
func New(t testing.TB) *bus.Bus {
	t.Helper()
	srv, err := Start(Options{Dir: t.TempDir(), Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Stop(srv) })
	return Connect(t, srv.ClientURL())
}

// Connect returns a bus on url that is closed with the test.
func Connect(t testing.TB, url string) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(context.Background(), bus.Settings{URL: url, Name: t.Name()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}
