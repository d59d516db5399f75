package trace

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// spansOf starts and ends more spans than the queue holds, which returns although nobody takes them.
func spansOf(t *testing.T, tracer *Tracer) {
	t.Helper()
	ctx := tracer.Into(t.Context())
	for range 10_000 {
		_, span := Root(ctx, nil, Internal, "x")
		span.End(nil)
	}
}

// TestACollectorThatHangsHoldsNothingUp: neither the work nor the end of the service.
func TestACollectorThatHangsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var asked atomic.Int64
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-release
	}))
	defer hangs.Close()
	defer close(release)
	tracer, err := New("hanging", "test", Settings{Endpoint: hangs.URL, Ratio: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	spansOf(t, tracer)
	tracer.flush = time.Millisecond
	tracer.Close()
	tracer.Close()
	if n := asked.Load(); n > 2 { // a full queue is more batches than that
		t.Errorf("the end of the service waited for %d exports", n)
	}
	if lost := testutil.ToFloat64(lostSpans.WithLabelValues("hanging")); lost == 0 {
		t.Error("nobody counted the spans that are lost")
	}
}

func TestACollectorThatIsDownIsLoggedOnce(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	tracer, err := New("down", "test", Settings{Endpoint: "http://" + l.Addr().String(), Ratio: 1, Headers: map[string]string{"Authorization": "Bearer%20hunter2"}}, log)
	if err != nil {
		t.Fatal(err)
	}
	spansOf(t, tracer)
	tracer.Close()
	if got := out.String(); strings.Count(got, "traces not exported") != 1 || strings.Contains(got, "hunter2") {
		t.Errorf("got %s", got)
	}
	if lost := testutil.ToFloat64(lostSpans.WithLabelValues("down")); lost == 0 {
		t.Error("nobody counted the spans that are lost")
	}
}
