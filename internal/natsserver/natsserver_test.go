package natsserver_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o natsserver.Options) *natsserver.Server {
	t.Helper()
	srv, err := natsserver.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

func connect(t *testing.T, srv *natsserver.Server) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(t.Context(), bus.Settings{URL: srv.URL(), Name: t.Name()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessagesSurviveARestartOnTheSamePortAndFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, natsserver.Options{Dir: dir})
	b := connect(t, first)
	if _, err := b.JS.Publish(t.Context(), "eupay.evt.test.payment.completed.m1", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	first.Stop()
	first.Stop() // twice is harmless

	second := start(t, natsserver.Options{Dir: dir, Port: first.Port()})
	if second.URL() != first.URL() {
		t.Errorf("the address changed from %s to %s", first.URL(), second.URL())
	}
	b = connect(t, second)
	defer b.Close()
	msg, err := lastEvent(t.Context(), b)
	if err != nil || msg != "kept" {
		t.Errorf("after the restart: %q, %v", msg, err)
	}
}

func lastEvent(ctx context.Context, b *bus.Bus) (string, error) {
	stream, err := b.JS.Stream(ctx, bus.Events)
	if err != nil {
		return "", err
	}
	msg, err := stream.GetLastMsgForSubject(ctx, "eupay.evt.test.payment.completed.m1")
	if err != nil {
		return "", err
	}
	return string(msg.Data), nil
}

func TestAPortInUseIsReportedAtOnce(t *testing.T) {
	srv := start(t, natsserver.Options{Dir: t.TempDir()})
	other, err := natsserver.Start(natsserver.Options{Dir: t.TempDir(), Port: srv.Port()})
	if err == nil {
		other.Stop()
		t.Fatal("two servers on one port")
	}
	if !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}
