// Package natstest gives a test a real NATS server with JetStream.
package natstest

import (
	"context"
	"log/slog"
	"testing"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/natsserver"
)

// New runs a server for one test and returns a connected bus.
func New(t testing.TB) *bus.Bus {
	t.Helper()
	return Connect(t, Server(t).URL())
}

// Server runs a server that ends with the test.
func Server(t testing.TB) *natsserver.Server {
	t.Helper()
	srv, err := natsserver.Start(natsserver.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
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
