package errs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"
)

func TestCodesHaveTheStatusOfTheAPIReference(t *testing.T) {
	for code, status := range map[Code]int{
		"MISSING_CREDENTIALS": 400, "VALIDATION_ERROR": 400, "INVALID_API_KEY": 401, "INVALID_SECRET": 401,
		"API_ACCESS_DISABLED": 403, "IP_NOT_ALLOWED": 403, "INSUFFICIENT_SCOPE": 403, "NOT_ENROLLED": 403, "NOT_FOUND": 404,
		"IDEMPOTENCY_CONFLICT": 409, "RATE_LIMIT_EXCEEDED": 429,
	} {
		if got := code.HTTPStatus(); got != status {
			t.Errorf("%s is %d, want %d", code, got, status)
		}
	}
	for code, row := range Table() {
		if row.HTTP < 400 || row.Meaning == "" || row.GRPC == 0 {
			t.Errorf("%s has the row %+v", code, row)
		}
	}
	if Code("NO_SUCH_CODE").HTTPStatus() != 500 {
		t.Error("a code outside of the table must be a 500")
	}
}

func TestFromHidesEverythingElse(t *testing.T) {
	inner := New(NotFoundCode, "Payment not found.")
	if got := From(fmt.Errorf("read payment: %w", inner)); got != inner {
		t.Errorf("got %v", got)
	}
	got := From(errors.New("dial tcp 10.0.0.7: password=hunter2"))
	if got.Code != Internal || got.Message == "" || reflect.DeepEqual(got.Message, "dial tcp 10.0.0.7: password=hunter2") {
		t.Errorf("got %v", got)
	}
	if From(nil) != nil {
		t.Error("no error became one")
	}
}

// TestAnErrorListsOnlySoMuch: a small body with thousands of wrong entries was answered by megabytes.
func TestAnErrorListsOnlySoMuch(t *testing.T) {
	if e := Invalid(make([]Field, 5000)...); len(e.Fields) != maxFields {
		t.Errorf("%d fields are listed", len(e.Fields))
	}
	if e := Invalid(Field{"a", "a is wrong."}, Field{"b", "b is wrong."}); len(e.Fields) != 2 {
		t.Errorf("listed are %v", e.Fields)
	}
}

// healthServer fails every call with err.
type healthServer struct {
	healthv1.UnimplementedHealthServer
	err error
}

func (s healthServer) Check(context.Context, *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	return nil, s.err
}

func call(t *testing.T, err error) error {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	srv := grpc.NewServer(grpc.UnaryInterceptor(UnaryServer(slog.New(slog.DiscardHandler))))
	healthv1.RegisterHealthServer(srv, healthServer{err: err})
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	conn, dialErr := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(UnaryClient()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if dialErr != nil {
		t.Fatal(dialErr)
	}
	t.Cleanup(func() {
		conn.Close()
		srv.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	_, got := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
	return got
}

func TestAnErrorCrossesGRPCUnchanged(t *testing.T) {
	sent := Invalid(Field{"amount", "amount must be a number"}, Field{"currency", "only EUR"})
	sent.RetryAfter, sent.Action = 3*time.Second, "do this"
	full := New(SlotFull, "This slot is full.")
	full.Slots = []time.Time{time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC), time.Date(2026, 6, 17, 12, 15, 0, 0, time.UTC)}
	if got := From(call(t, full)); !reflect.DeepEqual(got, full) {
		t.Errorf("sent %+v\ngot  %+v", full, got)
	}
	got := From(call(t, fmt.Errorf("create payment: %w", sent)))
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("sent %+v\ngot  %+v", sent, got)
	}
}

func TestAnInternalErrorCrossesGRPCWithoutItsText(t *testing.T) {
	got := call(t, errors.New("relation payments does not exist"))
	if got == nil || From(got).Code != Internal {
		t.Fatalf("got %v", got)
	}
	if want := "rpc error: code = Internal desc = internal error"; got.Error() != want {
		t.Errorf("got %q", got)
	}
}

func TestAnUnreachableServerIsUnavailable(t *testing.T) {
	conn, err := grpc.NewClient("passthrough:///127.0.0.1:1", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(UnaryClient()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if !Is(err, Unavailable) || From(err).RetryAfter == 0 {
		t.Errorf("got %v", err)
	}
}
