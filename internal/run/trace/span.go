package trace

import (
	"context"
	"errors"
	"net/http"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"european-pay.eu/eupay/internal/errs"
)

// Kind says on which side of a hop a span is.
type Kind = oteltrace.SpanKind

// The kinds of spans.
const (
	Server   = oteltrace.SpanKindServer
	Client   = oteltrace.SpanKindClient
	Producer = oteltrace.SpanKindProducer
	Consumer = oteltrace.SpanKindConsumer
	Internal = oteltrace.SpanKindInternal
)

// Header is the name of the W3C header that carries a traceparent, in messages, metadata and HTTP.
const Header = "traceparent"

// Span is one step of a trace. The zero value, and one that is not recorded, ignore everything.
type Span struct{ span oteltrace.Span }

// Start starts a span within that of ctx. Without one, or if it is not recorded, there is no new one.
func Start(ctx context.Context, kind Kind, name string, attrs ...Attr) (context.Context, Span) {
	if !oteltrace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, Span{}
	}
	return of(ctx).record(ctx, name, oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attrs...))
}

// Continue starts a span within the one that parent, a traceparent, names: of a message or of a call. Without a valid parent it
// starts a trace.
func Continue(ctx context.Context, parent string, kind Kind, name string, attrs ...Attr) (context.Context, Span) {
	t, remote := of(ctx), parse(parent)
	switch {
	case t == nil:
		return ctx, Span{}
	case !remote.IsValid():
		return t.root(ctx, nil, kind, name, attrs)
	}
	ctx = oteltrace.ContextWithRemoteSpanContext(ctx, remote)
	if t.tracer == nil || !remote.IsSampled() {
		return ctx, Span{}
	}
	return t.record(ctx, name, oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attrs...))
}

// Root starts a trace of its own, with links to the traceparents that caused it. It is recorded if one of them was.
func Root(ctx context.Context, causes []string, kind Kind, name string, attrs ...Attr) (context.Context, Span) {
	t := of(ctx)
	if t == nil {
		return ctx, Span{}
	}
	var links []oteltrace.Link
	for _, c := range causes {
		if sc := parse(c); sc.IsValid() {
			links = append(links, oteltrace.Link{SpanContext: sc})
		}
	}
	return t.root(ctx, links, kind, name, attrs)
}

// Edge starts a trace for a caller from outside. foreign is the traceparent that it sent, which becomes a link if it is valid, and
// decides nothing.
func Edge(ctx context.Context, foreign string, kind Kind, name string, attrs ...Attr) (context.Context, Span) {
	t := of(ctx)
	if t == nil {
		return ctx, Span{}
	}
	var links []oteltrace.Link
	if sc := parse(foreign); sc.IsValid() {
		links = []oteltrace.Link{{SpanContext: sc.WithTraceFlags(0)}}
	}
	return t.root(ctx, links, kind, name, attrs)
}

func (t *Tracer) root(ctx context.Context, links []oteltrace.Link, kind Kind, name string, attrs []Attr) (context.Context, Span) {
	if t.tracer == nil {
		return oteltrace.ContextWithSpanContext(ctx, newIDs()), Span{}
	}
	return t.record(ctx, name, oteltrace.WithNewRoot(), oteltrace.WithSpanKind(kind), oteltrace.WithLinks(links...), oteltrace.WithAttributes(attrs...))
}

func (t *Tracer) record(ctx context.Context, name string, options ...oteltrace.SpanStartOption) (context.Context, Span) {
	if t == nil || t.tracer == nil {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	if !span.IsRecording() {
		return ctx, Span{}
	}
	return ctx, Span{span}
}

// Current returns the span of ctx.
func Current(ctx context.Context) Span {
	if span := oteltrace.SpanFromContext(ctx); span.IsRecording() {
		return Span{span}
	}
	return Span{}
}

// Set adds attributes.
func (s Span) Set(attrs ...Attr) {
	if s.span != nil {
		s.span.SetAttributes(attrs...)
	}
}

// Rename gives the span a name that was not known at its start.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Link adds a link to the span that a traceparent names, if it is valid and of another trace.
func (s Span) Link(traceparent string) {
	if s.span == nil {
		return
	}
	if sc := parse(traceparent); sc.IsValid() && sc.TraceID() != s.span.SpanContext().TraceID() {
		s.span.AddLink(oteltrace.Link{SpanContext: sc})
	}
}

// Fail marks the span as failed. why is one of our words, or a code.
func (s Span) Fail(why string) {
	if s.span != nil {
		s.span.SetAttributes(semconv.ErrorTypeKey.String(why))
		s.span.SetStatus(codes.Error, "")
	}
}

// End ends the span. The text of an error stays here: it may hold what a bank said.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.fail(err)
	}
	s.span.End()
}

// fail marks the span. A refusal is an answer, and no failure of ours.
func (s Span) fail(err error) {
	var e *errs.Error
	what, refused := semconv.ErrorTypeOther, false
	switch {
	case errors.As(err, &e):
		what, refused = semconv.ErrorTypeKey.String(string(e.Code)), e.Code.HTTPStatus() < http.StatusInternalServerError
	case errors.Is(err, context.DeadlineExceeded):
		what = semconv.ErrorTypeKey.String("timeout")
	case errors.Is(err, context.Canceled):
		what = semconv.ErrorTypeKey.String("cancelled")
	}
	s.span.SetAttributes(what)
	if !refused {
		s.span.SetStatus(codes.Error, "")
	}
}

// Parent returns the traceparent of ctx's span, for a message, a call or a row; empty without one.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier[Header]
}

// ID returns the id of ctx's trace in hexadecimal; empty without one.
func ID(ctx context.Context) string { return idOf(oteltrace.SpanContextFromContext(ctx)) }

// IDOf returns the id of the trace that a traceparent names; empty if it is not valid.
func IDOf(traceparent string) string { return idOf(parse(traceparent)) }

func idOf(sc oteltrace.SpanContext) string {
	if !sc.IsValid() {
		return ""
	}
	return sc.TraceID().String()
}

// Within returns ctx within the span that a traceparent names, which may have ended.
func Within(ctx context.Context, traceparent string) context.Context {
	if sc := parse(traceparent); sc.IsValid() && of(ctx) != nil {
		return oteltrace.ContextWithRemoteSpanContext(ctx, sc)
	}
	return ctx
}

var w3c propagation.TraceContext

// length of a traceparent of version 00, the only one that is accepted.
const length = 55

// parse returns an invalid context for anything but the one form of version 00. It never has a trace state.
func parse(traceparent string) oteltrace.SpanContext {
	if len(traceparent) != length || traceparent[:3] != "00-" {
		return oteltrace.SpanContext{}
	}
	return oteltrace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.MapCarrier{Header: traceparent}))
}
