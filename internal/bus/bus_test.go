package bus_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/natsserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func server(t *testing.T, o natsserver.Options) *natsserver.Server {
	t.Helper()
	srv, err := natsserver.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

func connect(t *testing.T, url string, age time.Duration) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(t.Context(), bus.Settings{URL: url, Name: t.Name(), EventAge: age}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// eventAge is how long the server keeps events.
func eventAge(t *testing.T, b *bus.Bus) time.Duration {
	t.Helper()
	stream, err := b.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().Config.MaxAge
}

// Every service ensures every stream. Needless updates would disturb the consumers that others create meanwhile.
func TestAnUnchangedStreamIsLeftAloneAndAChangedOneUpdated(t *testing.T) {
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	first := connect(t, srv.URL(), time.Hour)
	updates, err := first.NC.SubscribeSync("$JS.EVENT.ADVISORY.STREAM.UPDATED.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	connect(t, srv.URL(), time.Hour)
	second := connect(t, srv.URL(), 2*time.Hour)
	if got := eventAge(t, second); got != 2*time.Hour {
		t.Errorf("the new setting did not arrive: events are kept for %v", got)
	}
	advisory, err := updates.NextMsgWithContext(t.Context())
	if err != nil || advisory.Subject != "$JS.EVENT.ADVISORY.STREAM.UPDATED."+bus.Events {
		t.Fatalf("got %v, %v", advisory, err)
	}
	if err := first.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, _, err := updates.Pending(); err != nil || n != 0 {
		t.Errorf("%d more updates, %v", n, err)
	}
}

func TestStreamsComeBackAfterTheServerLostItsDisk(t *testing.T) {
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	b := connect(t, srv.URL(), time.Hour)
	back := make(chan struct{})
	b.NC.SetReconnectHandler(wrap(b.NC.Opts.ReconnectedCB, func() { close(back) }))
	srv.Stop()
	again := server(t, natsserver.Options{Dir: t.TempDir(), Port: srv.Port()})
	<-back
	other, err := nats.Connect(again.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for {
		if _, err := b.JS.Stream(t.Context(), bus.DeadLetter); err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the streams did not come back")
		}
	}
}

func wrap(handler nats.ConnHandler, then func()) nats.ConnHandler {
	return func(nc *nats.Conn) {
		handler(nc)
		then()
	}
}

func TestConnectWaitsForTheServerAsLongAsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bus.Connect(ctx, bus.Settings{URL: "nats://127.0.0.1:1", Name: t.Name()}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("connected to nothing")
	}
}
