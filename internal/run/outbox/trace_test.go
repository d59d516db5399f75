package outbox

import (
	"context"
	"log/slog"
	"testing"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestAnEventIsPublishedInTheTraceOfItsChange, which has ended by then.
func TestAnEventIsPublishedInTheTraceOfItsChange(t *testing.T) {
	t.Parallel()
	f, c := setup(t), otlptest.Start(t)
	ctx, end := c.Tracer(t, "sender")
	change, span := trace.Root(ctx, nil, trace.Internal, "change")
	e := event()
	e.Trace = ""
	if err := Add(change, f.pool, e); err != nil {
		t.Fatal(err)
	}
	span.End(nil)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler)).Run(ctx) }()
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 1 })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	end()
	s, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var made, sent otlptest.Span
	for _, s := range c.Spans() {
		switch s.Name {
		case "change":
			made = s
		case "send payment.completed":
			sent = s
		}
	}
	if sent.TraceID != made.TraceID || sent.ParentID != made.SpanID || sent.Kind != "PRODUCER" || sent.Attributes["messaging.message.id"] != e.ID {
		t.Errorf("sent %+v by %+v", sent, made)
	}
	if got, want := m.Header.Get(events.HeaderTraceparent), "00-"+made.TraceID+"-"+sent.SpanID+"-01"; got != want {
		t.Errorf("the message says %q, want %q", got, want)
	}
}
