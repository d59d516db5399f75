package boot_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
)

func TestMain(m *testing.M) {
	if inChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

var migrations = fstest.MapFS{"0001_sample.sql": {Data: []byte("-- +goose Up\ncreate table sample (id int primary key);\n")}}

func base(t *testing.T, nats *natsserver.Server) boot.Base {
	t.Helper()
	return boot.Base{Plain: boot.Plain{DatabaseURL: pgtest.Empty(t), DatabaseConns: 4, Grace: 0}, NATSURL: nats.URL(), TLS: identitytest.Files(t, identity.Operator)}
}

func open(t *testing.T, b boot.Base) *boot.Core {
	t.Helper()
	core, err := boot.Open(t.Context(), "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	return core
}

// run runs the core until stop is called, which returns Run's result.
func run(t *testing.T, core *boot.Core, workers ...func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- core.Run(ctx, workers...) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		return <-result
	}
}

// ask returns the status and the body of a path of the management port.
func ask(t *testing.T, core *boot.Core, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + core.ManagementAddr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func dial(t *testing.T, core *boot.Core) *boot.Conn {
	t.Helper()
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.Operator, core.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestAServiceIsMigratedReadyAndMeasured(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	stop := run(t, core)
	if _, err := core.Pool.Exec(t.Context(), `insert into sample (id) values (1)`); err != nil {
		t.Errorf("the migration is missing: %v", err)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if status, body := ask(t, core, path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, body := ask(t, core, "/metrics"); !strings.Contains(body, "go_goroutines") {
		t.Errorf("no metrics: %.200s", body)
	}
	answer, err := healthv1.NewHealthClient(dial(t, core)).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("gRPC health: %v, %v", answer, err)
	}
	if err := stop(); err != nil {
		t.Errorf("an orderly stop is no error: %v", err)
	}
	core.Close()
	core.Close() // twice is harmless
}

// TestAMigrationThatGaveWayIsTriedAgain: a replica of the new version ended because one of the version before was at work.
func TestAMigrationThatGaveWayIsTriedAgain(t *testing.T) {
	b := base(t, natstest.Server(t))
	open(t, b)
	before, err := pgx.Connect(t.Context(), b.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close(context.WithoutCancel(t.Context()))
	if _, err := before.Exec(t.Context(), `begin; select id from sample.sample`); err != nil {
		t.Fatal(err)
	}
	next := maps.Clone(migrations)
	next["0002_sample.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nalter table sample add column more int;\n")}
	said, opened := make(chan string), make(chan error)
	log := slog.New(slog.NewJSONHandler(writer(func(line []byte) {
		select {
		case said <- string(line):
		case <-t.Context().Done():
		}
	}), nil))
	go func() {
		core, err := boot.Open(t.Context(), "sample", b, next, boot.Deps{Log: log})
		if err == nil {
			core.Close()
		}
		opened <- err
	}()
	select {
	case line := <-said:
		if !strings.Contains(line, "55P03") {
			t.Errorf("said %s", line)
		}
	case err := <-opened:
		t.Fatalf("it did not wait for the version before: %v", err)
	}
	if _, err := before.Exec(t.Context(), `insert into sample.sample (id) values (7); commit`); err != nil {
		t.Errorf("the version before: %v", err)
	}
	for {
		select {
		case <-said:
			continue
		case err := <-opened:
			if err != nil {
				t.Error(err)
			}
		}
		return
	}
}

// writer is what writes the lines of a log.
type writer func(line []byte)

// Write implements io.Writer.
func (w writer) Write(line []byte) (int, error) { w(line); return len(line), nil }

// TestReadsContinueWithoutNATS: all replicas lost NATS at the same time and became unready, so the whole API was unavailable.
func TestReadsContinueWithoutNATS(t *testing.T) {
	nats := natstest.Server(t)
	core := open(t, base(t, nats))
	run(t, core)
	nats.Stop()
	waitFor(t, func() bool { return !core.Bus.NC.IsConnected() })
	if status, body := ask(t, core, "/readyz"); status != http.StatusOK || body != "degraded: no connection to NATS" {
		t.Errorf("without NATS: %d %q", status, body)
	}
	if status, _ := ask(t, core, "/livez"); status != http.StatusOK {
		t.Errorf("a service that waits for its broker is alive; livez says %d", status)
	}
}

// TestAServiceWithoutItsConsumerIsNotReady, and says which one is missing; the gateway continues to read.
func TestAServiceWithoutItsConsumerIsNotReady(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	core.Edge = true
	run(t, core)
	core.Bus.Expect(bus.Events, "sample", func() {})
	const said = "consumer sample on EUPAY_EVENTS"
	waitFor(t, func() bool { _, body := ask(t, core, "/readyz"); return strings.Contains(body, said) })
	if status, body := ask(t, core, "/readyz"); status != http.StatusOK || !strings.HasPrefix(body, "degraded: ") {
		t.Errorf("the edge: %d %q", status, body)
	}
	other := open(t, base(t, natstest.Server(t)))
	run(t, other)
	forget := other.Bus.Expect(bus.Events, "sample", func() {})
	waitFor(t, func() bool {
		status, body := ask(t, other, "/readyz")
		return status == 503 && strings.Contains(body, said)
	})
	forget()
	if status, body := ask(t, other, "/readyz"); status != http.StatusOK {
		t.Errorf("afterwards: %d %q", status, body)
	}
}

// TestInboxesRememberLongerThanTheOutbox: an event that is published again after the inboxes have forgotten it takes effect
// twice.
func TestInboxesRememberLongerThanTheOutbox(t *testing.T) {
	b := base(t, natstest.Server(t))
	for _, keep := range []time.Duration{time.Minute, 1000 * 24 * time.Hour} {
		b.OutboxKeep = keep
		_, err := boot.Open(t.Context(), "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "EUPAY_OUTBOX_KEEP") {
			t.Errorf("%v: %v", keep, err)
		}
	}
}

func TestReadinessNoticesALostDatabase(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	run(t, core)
	core.Pool.Close()
	if status, body := ask(t, core, "/readyz"); status != http.StatusServiceUnavailable || body != "no connection to PostgreSQL" {
		t.Errorf("without a database: %d %q", status, body)
	}
}

// waitFor polls without sleeping: each iteration yields to the other goroutines.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for !ok() {
		if t.Context().Err() != nil {
			t.Fatal("the test ended before it came true")
		}
	}
}

func TestAFailedWorkerStopsTheService(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	broken := errors.New("broken")
	other := make(chan struct{})
	err := core.Run(t.Context(),
		func(context.Context) error { return broken },
		func(ctx context.Context) error { defer close(other); <-ctx.Done(); return ctx.Err() })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	<-other
}

// register adds a method /sample.Sample/Do to the server.
func register(core *boot.Core, do func(context.Context) error) {
	core.Serve(&grpc.ServiceDesc{
		ServiceName: "sample.Sample", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Do", Handler: func(_ any, ctx context.Context, decode func(any) error, icpt grpc.UnaryServerInterceptor) (any, error) {
			in := new(emptypb.Empty)
			if err := decode(in); err != nil {
				return nil, err
			}
			handler := func(ctx context.Context, _ any) (any, error) { return new(emptypb.Empty), do(ctx) }
			return icpt(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/sample.Sample/Do"}, handler)
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
			if err := stream.SendMsg(new(emptypb.Empty)); err != nil {
				return err
			}
			return do(stream.Context())
		}}},
	}, struct{}{}, identity.Gateway)
}

func call(ctx context.Context, conn grpc.ClientConnInterface) error {
	return conn.Invoke(ctx, "/sample.Sample/Do", new(emptypb.Empty), new(emptypb.Empty))
}

// stream opens a call to /sample.Sample/Stream and takes its first message; recv waits for the next.
func stream(t *testing.T, conn grpc.ClientConnInterface) (recv func() error) {
	t.Helper()
	s, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/sample.Sample/Stream")
	if err != nil {
		t.Fatal(err)
	}
	recv = func() error { return s.RecvMsg(new(emptypb.Empty)) }
	if err := errors.Join(s.SendMsg(new(emptypb.Empty)), s.CloseSend(), recv()); err != nil {
		t.Fatal(err)
	}
	return recv
}

func TestAStreamEndsWhenTheServiceStops(t *testing.T) {
	b := base(t, natstest.Server(t))
	b.Grace = 1 << 40 // nothing is cut
	core := open(t, b)
	register(core, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	stop := run(t, core)
	recv := stream(t, dial(t, core))
	if err := stop(); err != nil {
		t.Errorf("the service did not stop cleanly: %v", err)
	}
	if err := recv(); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the stream's client is told %v", err)
	}
}

func TestErrorsAndPanicsOfStreamsReachTheCallerSafely(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	results := make(chan func() error, 3)
	register(core, func(context.Context) error { return (<-results)() })
	run(t, core)
	conn := dial(t, core)
	results <- func() error { return errs.New(errs.InvalidState, "Already paid.") }
	if err := stream(t, conn)(); !errs.Is(err, errs.InvalidState) {
		t.Errorf("our own error arrives as %v", err)
	}
	results <- func() error { return errors.New("password is hunter2") }
	results <- func() error { panic("hunter2") }
	for range 2 {
		if err := stream(t, conn)(); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("internal text reaches the caller: %v", err)
		}
	}
	results <- func() error { return nil }
	if err := stream(t, conn)(); !errors.Is(err, io.EOF) {
		t.Errorf("the end of a stream arrives as %v", err)
	}
}

func TestACallInProgressIsCompletedBeforeTheEnd(t *testing.T) {
	b := base(t, natstest.Server(t))
	b.Grace = 1 << 40 // the call ends by itself
	core := open(t, b)
	entered, finish := make(chan struct{}), make(chan struct{})
	register(core, func(context.Context) error { close(entered); <-finish; return nil })
	stop := run(t, core)
	answer := make(chan error, 1)
	conn := dial(t, core)
	go func() { answer <- call(t.Context(), conn) }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	waitFor(t, func() bool { return call(t.Context(), dial(t, core)) != nil }) // no longer takes new calls
	close(finish)
	if err := errors.Join(<-answer, <-stopped); err != nil {
		t.Errorf("the call was cut: %v", err)
	}
}

func TestACallThatHangsIsCutAfterTheGracePeriod(t *testing.T) {
	b := base(t, natstest.Server(t))
	b.Grace = 1
	core := open(t, b)
	entered := make(chan struct{})
	register(core, func(ctx context.Context) error { close(entered); <-ctx.Done(); return ctx.Err() })
	stop := run(t, core)
	answer := make(chan error, 1)
	conn := dial(t, core)
	go func() { answer <- call(t.Context(), conn) }()
	<-entered
	if err := stop(); err != nil {
		t.Errorf("the service did not stop cleanly: %v", err)
	}
	if err := <-answer; err == nil {
		t.Error("a call that was cut succeeded")
	}
}

func TestErrorsAndPanicsReachTheCallerSafely(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	results := make(chan func() error, 3)
	register(core, func(context.Context) error { return (<-results)() })
	run(t, core)
	conn := dial(t, core)
	results <- func() error { return errs.New(errs.InvalidState, "Already paid.") }
	if err := call(t.Context(), conn); !errs.Is(err, errs.InvalidState) {
		t.Errorf("our own error arrives as %v", err)
	}
	results <- func() error { return errors.New("password is hunter2") }
	results <- func() error { panic("hunter2") }
	for range 2 {
		if err := call(t.Context(), conn); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("internal text reaches the caller: %v", err)
		}
	}
}

func TestOpenGivesUpWithItsContextAndCleansUp(t *testing.T) {
	nats := natstest.Server(t)
	b := base(t, nats)
	b.DatabaseURL = "postgres://eupay:secret@127.0.0.1:1/none"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := boot.Open(ctx, "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("opened without a database")
	}
	b.DatabaseURL = "no url, secret"
	if _, err := boot.Open(t.Context(), "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestTwoServicesCannotListenOnOneAddress(t *testing.T) {
	nats := natstest.Server(t)
	first := open(t, base(t, nats))
	b := base(t, nats)
	b.GRPCAddr = first.GRPCAddr()
	if _, err := boot.Open(t.Context(), "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("two services on one address")
	}
}

// TestOnlyListedCallersAreServed: without the list, any caller that reached the port could read any payment and any secret.
func TestOnlyListedCallersAreServed(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	register(core, func(context.Context) error { return nil })
	run(t, core)
	for name, want := range map[*identity.Identity]bool{
		identitytest.Load(t, identity.Gateway):     true,
		identitytest.Load(t, identity.QR):          false,
		identitytest.Load(t, identity.Operator):    false,
		identitytest.Stranger(t, identity.Gateway): false,
	} {
		conn, err := boot.Dial(name, identity.Operator, core.GRPCAddr())
		if err != nil {
			t.Fatal(err)
		}
		if got := call(t.Context(), conn) == nil; got != want {
			t.Errorf("%s is served: %t", name.Name(), got)
		}
		s, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/sample.Sample/Stream")
		if err == nil {
			err = errors.Join(s.SendMsg(new(emptypb.Empty)), s.CloseSend(), s.RecvMsg(new(emptypb.Empty)))
		}
		if got := err == nil; got != want {
			t.Errorf("%s is served a stream: %t", name.Name(), got)
		}
		conn.Close()
	}
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.Payments, core.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if call(t.Context(), conn) == nil {
		t.Error("another service was taken for the one that was called")
	}
	plain, err := grpc.NewClient(core.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if call(t.Context(), plain) == nil {
		t.Error("a caller with nothing to show was served")
	}
}

func TestAServiceWithoutCallersDoesNotStart(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	core.GRPC.RegisterService(&grpc.ServiceDesc{ServiceName: "sample.Open", HandlerType: (*any)(nil)}, struct{}{})
	if err := core.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "sample.Open has no callers") {
		t.Errorf("got %v", err)
	}
}

func TestAServiceWithoutAnIdentityDoesNotStart(t *testing.T) {
	b := base(t, natstest.Server(t))
	b.TLS = identity.Files{}
	_, err := boot.Open(t.Context(), "sample", b, migrations, boot.Deps{Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "EUPAY_TLS_CERT") {
		t.Errorf("got %v", err)
	}
}
