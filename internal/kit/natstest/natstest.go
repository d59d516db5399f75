// Package natstest provides a real NATS server with JetStream for tests.
package natstest

import (
	"context"
	"log/slog"
	"testing"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/bus"
)

// New runs a server for one test and returns a bus with all permissions.
func New(t testing.TB) *bus.Bus {
	t.Helper()
	return Connect(t, Server(t).URL())
}

// Server runs a server that ends with the test. Clients must present an identity of package identitytest.
func Server(t testing.TB) *natsserver.Server {
	t.Helper()
	return ServerIn(t, t.TempDir())
}

// ServerIn is Server with its data in dir, for tests that damage it.
func ServerIn(t testing.TB, dir string) *natsserver.Server {
	t.Helper()
	srv, err := natsserver.Start(natsserver.Options{Dir: dir, Identity: identitytest.Load(t, identity.NATS)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

// Connect returns a bus with the operator's identity on url, which is closed with the test.
func Connect(t testing.TB, url string) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(context.Background(), bus.Settings{URL: url, Name: t.Name(), Identity: identitytest.Load(t, identity.Operator)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}
