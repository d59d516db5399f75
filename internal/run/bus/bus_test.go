package bus_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/bus"
)

// A stream that is made at the moment in which its server stops keeps what its store runs: that is the server's own, in this process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"),
		goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"))
}

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
	return connectTo(t, bus.Settings{URL: url, Name: t.Name(), EventAge: age}, slog.New(slog.DiscardHandler))
}

func connectTo(t *testing.T, s bus.Settings, log *slog.Logger) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(t.Context(), s, log)
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

// TestAnOperatorsSettingsAreNotChanged: every reconnect used to undo them.
func TestAnOperatorsSettingsAreNotChanged(t *testing.T) {
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	first := connect(t, srv.URL(), time.Hour)
	updates, err := first.NC.SubscribeSync("$JS.EVENT.ADVISORY.STREAM.UPDATED.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	said := &lines{}
	second := connectTo(t, bus.Settings{URL: srv.URL(), Name: t.Name(), EventAge: 2 * time.Hour}, slog.New(slog.NewTextHandler(said, nil)))
	eventually(t, "the difference is said", func() bool { return said.count("max age: 1h0m0s, the settings say 2h0m0s") > 0 })
	second.Look()
	second.Look()
	if got := eventAge(t, second); got != time.Hour {
		t.Errorf("events are kept for %v", got)
	}
	if n, _, err := updates.Pending(); err != nil || n != 0 {
		t.Errorf("%d updates, %v", n, err)
	}
	if n := said.count("stream differs from the settings"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// lines is a log that tests can read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// TestALostStreamComesBack while the connection lasts: only checking the stream can detect the loss.
func TestALostStreamComesBack(t *testing.T) {
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	b := connect(t, srv.URL(), time.Hour)
	for _, name := range []string{bus.Events, bus.Commands, bus.Replay, bus.DeadLetter} {
		if err := b.JS.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{bus.Events, bus.Commands, bus.Replay, bus.DeadLetter} {
		eventually(t, name+" is back", func() bool { _, err := b.JS.Stream(t.Context(), name); return err == nil })
	}
}

// A missing consumer is reported to its owner and in the list of problems.
func TestAMissingConsumerIsReported(t *testing.T) {
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	b := connect(t, srv.URL(), time.Hour)
	missing := make(chan struct{}, 1)
	forget := b.Expect(bus.Events, "tester", func() {
		select {
		case missing <- struct{}{}:
		default:
		}
	})
	<-missing
	eventually(t, "it is said", func() bool { return len(b.Problems(0)) == 1 })
	if got := b.Problems(0)[0]; !strings.Contains(got, "consumer tester on EUPAY_EVENTS") {
		t.Errorf("said: %s", got)
	}
	if got := b.Problems(time.Hour); len(got) != 0 {
		t.Errorf("it has not lasted an hour: %v", got)
	}
	cfg := jetstream.ConsumerConfig{Durable: "tester", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := b.JS.CreateConsumer(t.Context(), bus.Events, cfg); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is over", func() bool { return len(b.Problems(0)) == 0 })
	if err := b.JS.DeleteConsumer(t.Context(), bus.Events, "tester"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is said again", func() bool { return len(b.Problems(0)) == 1 })
	forget()
	if got := b.Problems(0); len(got) != 0 {
		t.Errorf("nobody relies on it any more: %v", got)
	}
}

// TestEventsCannotUseTheSpaceOfCommands: events filled the store that both share, and payments could not be created.
func TestEventsCannotUseTheSpaceOfCommands(t *testing.T) {
	sizes := bus.Bytes{Events: 64 << 10, Commands: 64 << 10, Replay: 64 << 10, DeadLetter: 64 << 10}
	srv := server(t, natsserver.Options{Dir: t.TempDir(), MaxBytes: sizes.Sum()})
	said := &lines{}
	b := connectTo(t, bus.Settings{URL: srv.URL(), Name: t.Name(), Bytes: sizes}, slog.New(slog.NewTextHandler(said, nil)))
	publish := func(subject string, data byte) error {
		_, err := b.JS.Publish(t.Context(), subject, bytes.Repeat([]byte{data}, 4<<10))
		return err
	}
	for i := range byte(40) { // more than twice what there is room for
		if err := publish("eupay.evt.test.payment.completed.m1", i); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	s, err := b.JS.Stream(t.Context(), bus.Events)
	if err != nil || s.CachedInfo().State.Bytes > 64<<10 {
		t.Fatalf("%d bytes, %v", s.CachedInfo().State.Bytes, err)
	}
	if last, err := s.GetMsg(t.Context(), s.CachedInfo().State.LastSeq); err != nil || last.Data[0] != 39 {
		t.Errorf("the newest event is gone: %v", err)
	}
	eventually(t, "it is said before", func() bool { return said.count("stream is nearly full") > 0 })
	refused := 0
	for i := range byte(40) {
		if publish("eupay.cmd.payments.create", i) != nil {
			refused++
		}
	}
	if s, err = b.JS.Stream(t.Context(), bus.Commands); err != nil {
		t.Fatal(err)
	}
	first, err := s.GetMsg(t.Context(), 1)
	if err != nil || first.Data[0] != 0 || refused == 0 || refused == 40 {
		t.Errorf("%d commands refused; the first: %v", refused, err)
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
