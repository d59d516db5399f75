package trace

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exportWithin is the deadline for one batch of spans. What the collector has not taken by then is lost.
const exportWithin = 5 * time.Second

var lostSpans = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_trace_spans_lost_total", Help: "Spans that the collector did not take, by service.",
}, []string{"service"})

// exporter sends spans to the collector. A failure is logged once, until an export succeeds again.
type exporter struct {
	*otlptrace.Exporter
	service string
	log     *slog.Logger
	http    *http.Client
	failing atomic.Bool
	// ending is cancelled by abort.
	ending context.Context
	cancel context.CancelFunc
}

func newExporter(service string, s Settings, log *slog.Logger) (*exporter, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	headers, err := decoded(s.Headers)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS: %w", err)
	}
	e := &exporter{service: service, log: log, http: client}
	e.ending, e.cancel = context.WithCancel(context.Background())
	e.Exporter, err = otlptracehttp.New(e.ending, otlptracehttp.WithEndpointURL(s.endpoint()), otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithHTTPClient(client), otlptracehttp.WithTimeout(exportWithin),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: 200 * time.Millisecond, MaxInterval: time.Second, MaxElapsedTime: exportWithin,
		}))
	if err != nil {
		return nil, fmt.Errorf("open the exporter of traces: %w", err)
	}
	return e, nil
}

// ExportSpans sends one batch. It reports no error: the SDK would print it.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ending, cancel)()
	err := e.Exporter.ExportSpans(ctx, spans)
	switch {
	case err != nil:
		lostSpans.WithLabelValues(e.service).Add(float64(len(spans)))
		if !e.failing.Swap(true) {
			e.log.Warn("traces not exported, continuing without them", "error", err)
		}
	case e.failing.Swap(false):
		e.log.Info("traces are exported again")
	}
	return nil
}

// abort ends the export in progress and all later ones, and closes the connections.
func (e *exporter) abort() {
	e.cancel()
	e.http.CloseIdleConnections()
}
