// Package trace follows a request through all services: it starts spans, carries their context over messages, calls and rows, and
// exports them by OTLP. It is the only package that knows OpenTelemetry (decision 28).
//
// The context that the tracer of a service was put into (Into) starts spans of that service. A context without a tracer, as in
// most tests, starts none, and every function of this package is then without effect.
package trace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// flushWithin is how long a service that stops waits for its last spans to be exported.
const flushWithin = 3 * time.Second

// Tracer starts the spans of one service.
type Tracer struct {
	tracer   oteltrace.Tracer // nil: spans are not recorded, and there are only ids
	provider *sdktrace.TracerProvider
	exporter *exporter
	// flush is how long Close waits for the collector.
	flush time.Duration
	close sync.Once
}

// New returns the tracer of the named service. Without an endpoint in the settings it records nothing. Close it last.
func New(service, instance string, s Settings, log *slog.Logger) (*Tracer, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.endpoint() == "" {
		return &Tracer{}, nil
	}
	e, err := newExporter(service, s, log)
	if err != nil {
		return nil, err
	}
	extra, err := decoded(s.Resource)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	about, err := describe(service, instance, extra)
	if err != nil {
		return nil, err
	}
	t := &Tracer{exporter: e, flush: flushWithin, provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(e, sdktrace.WithExportTimeout(exportWithin)),
		sdktrace.WithSampler(sdktrace.ParentBased(caused{sdktrace.TraceIDRatioBased(s.Ratio)})),
		sdktrace.WithResource(about),
	)}
	t.tracer = t.provider.Tracer("european-pay.eu/eupay")
	return t, nil
}

// describe returns what is said about the service with all its spans.
func describe(service, instance string, extra map[string]string) (*resource.Resource, error) {
	attrs := make([]attribute.KeyValue, 0, len(extra)+3)
	for name, value := range extra {
		attrs = append(attrs, attribute.String(name, value))
	}
	attrs = append(attrs, semconv.ServiceNamespace("eupay"), semconv.ServiceName(service), semconv.ServiceInstanceID(instance))
	r, err := resource.Merge(resource.Default(), resource.NewWithAttributes(semconv.SchemaURL, attrs...))
	if err != nil && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, fmt.Errorf("describe the service in traces: %w", err)
	}
	return r, nil
}

// Close exports what is left, for at most three seconds, and ends the tracer. It may be called more than once.
func (t *Tracer) Close() {
	if t == nil || t.provider == nil {
		return
	}
	t.close.Do(func() {
		timer := time.AfterFunc(t.flush, t.exporter.abort)
		defer timer.Stop()
		// Its error is that of an export, which the exporter has logged and counted. It returns soon after abort.
		if err := t.provider.Shutdown(context.Background()); err != nil {
			t.exporter.log.Debug("end tracing", "error", err)
		}
		t.exporter.abort()
	})
}

type tracerKey struct{}

// Into returns a context in which spans of this service start.
func (t *Tracer) Into(ctx context.Context) context.Context {
	return context.WithValue(ctx, tracerKey{}, t)
}

func of(ctx context.Context) *Tracer {
	t, _ := ctx.Value(tracerKey{}).(*Tracer)
	return t
}

// caused samples a root by its ratio, or because something that it is linked to was recorded.
type caused struct{ ratio sdktrace.Sampler }

// ShouldSample decides about a root.
func (c caused) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	for _, l := range p.Links {
		if l.SpanContext.IsSampled() {
			return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
		}
	}
	return c.ratio.ShouldSample(p)
}

// Description names the sampler.
func (c caused) Description() string { return "Caused{" + c.ratio.Description() + "}" }

// newIDs returns the ids of a trace that is not recorded.
func newIDs() oteltrace.SpanContext {
	var c oteltrace.SpanContextConfig
	for !c.TraceID.IsValid() || !c.SpanID.IsValid() {
		for i := range c.TraceID {
			c.TraceID[i] = byte(rand.Uint32()) //nolint:gosec // an id, which nobody gains by guessing
		}
		copy(c.SpanID[:], c.TraceID[8:])
	}
	return oteltrace.NewSpanContext(c)
}
