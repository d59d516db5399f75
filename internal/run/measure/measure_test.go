package measure

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

var table = fstest.MapFS{"0001_jobs.sql": {Data: []byte("-- +goose Up\ncreate table jobs (due_at timestamptz);\n")}}

func TestAQueueSaysHowLongItsOldestDueRowHasWaited(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "measured", table)
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	queue := []Queue{{Name: "jobs", First: `select min(due_at) from jobs`}}
	seconds := func() float64 {
		t.Helper()
		if err := Queues(t.Context(), pool, "measured", now, queue); err != nil {
			t.Fatal(err)
		}
		return testutil.ToFloat64(overdue.WithLabelValues("measured", "jobs"))
	}
	for _, c := range []struct {
		due  time.Duration
		want float64
	}{{time.Hour, 0}, {-30 * time.Second, 30}, {-90 * time.Second, 90}, {-60 * time.Second, 90}} {
		if c.due == time.Hour && seconds() != 0 {
			t.Error("an empty queue waits")
		}
		if _, err := pool.Exec(t.Context(), `insert into jobs values ($1)`, now.Add(c.due)); err != nil {
			t.Fatal(err)
		}
		if got := seconds(); got != c.want {
			t.Errorf("a row that is due at %s: %v, want %v", c.due, got, c.want)
		}
	}
	Forget("measured")
	if overdue.DeleteLabelValues("measured", "jobs") {
		t.Error("a replica that does not measure any more still says something")
	}
}

// scraped returns what a scrape says of the database of a service, and of its pool of writes.
func scraped(t *testing.T, service string) map[string]float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "eupay_database_") {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := m.GetLabel() // sorted by name: the pool, if it has one, and the service
			if labels[len(labels)-1].GetValue() == service && (len(labels) == 1 || labels[0].GetValue() == "writes") {
				all[strings.TrimPrefix(f.GetName(), "eupay_database_")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return all
}

func TestADatabaseSaysWhetherItCanBeWritten(t *testing.T) {
	pool, _ := pgtest.New(t, "writer", table)
	if err := pool.Ping(t.Context()); err != nil { // a scrape asks for a second only
		t.Fatal(err)
	}
	stop := Database("writer", pool, pg.ReadsOf(pool))
	if got := scraped(t, "writer"); got["writable"] != 1 || got["pool_max_connections"] != float64(pool.Config().MaxConns) {
		t.Errorf("a healthy pool: %v", got)
	}
	stop()
	if got := scraped(t, "writer"); len(got) != 0 {
		t.Errorf("a pool that may be closed is asked: %v", got)
	}

	cfg := pool.Config()
	cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	cfg.ConnConfig.ValidateConnect = nil
	cfg.MaxConns = 1
	reader, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer Database("reader", reader, pg.ReadsOf(reader))()
	if got := scraped(t, "reader"); got["writable"] != 0 || got["pool_max_connections"] != 1 {
		t.Errorf("a read-only server: %v", got)
	}
}

// TestAnExhaustedPoolIsSeen, and leaves the others of its process alone: the deadline of a scrape was used up for the first one.
func TestAnExhaustedPoolIsSeen(t *testing.T) {
	other, _ := pgtest.New(t, "other", table)
	if err := other.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer Database("other", other, pg.ReadsOf(other))()
	pool, _ := pgtest.New(t, "exhausted", table)
	cfg := pool.Config()
	cfg.MaxConns = 1
	small, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	defer Database("exhausted", small, pg.ReadsOf(other))()
	held, err := small.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	if got := scraped(t, "exhausted"); got["writable"] != 0 || got["pool_in_use_connections"] != 1 || got["pool_given_up_total"] != 1 {
		t.Errorf("while its only connection is held: %v", got)
	}
	if got := scraped(t, "exhausted"); got["pool_given_up_total"] != 2 {
		t.Errorf("each scrape waits in vain itself: %v", got)
	}
	for range 3 {
		if got := scraped(t, "other"); got["writable"] != 1 {
			t.Fatalf("the pool beside it: %v", got)
		}
	}
}

func TestCallsAreTimedByMethodAndCode(t *testing.T) {
	t.Parallel()
	const full = "/eupay.test.v1.TestService/Get"
	refused := status.Error(codes.NotFound, "none")
	_, err := UnaryServer("tested")(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: full}, func(context.Context, any) (any, error) { return nil, refused })
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
	answered := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	err = UnaryClient("called")(t.Context(), full, nil, nil, nil, answered)
	if err != nil {
		t.Error(err)
	}
	err = StreamServer("tested")(nil, nil, &grpc.StreamServerInfo{FullMethod: full}, func(any, grpc.ServerStream) error { return refused })
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
	const method = "eupay.test.v1.TestService/Get"
	if !served.DeleteLabelValues("tested", method, "NotFound") || !called.DeleteLabelValues("called", method, "OK") ||
		!streamed.DeleteLabelValues("tested", method, "NotFound") {
		t.Error("a call was not measured under its method and code")
	}
}
