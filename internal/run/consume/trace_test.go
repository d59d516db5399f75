package consume

import (
	"log/slog"
	"testing"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestAnEventIsProcessedInItsTrace: alone it is the context of the work. Together with others it keeps its own trace, which goes on with
// what the handler does for it, and the work on all has a trace with links to and from them.
func TestAnEventIsProcessedInItsTrace(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "tester")
	c := New(Config{Name: "tester"}, nil, nil, nil, nil, slog.New(slog.DiscardHandler))
	var batch []Event
	for _, kind := range []string{"payment.created", "payment.completed"} {
		sent, span := trace.Root(ctx, nil, trace.Producer, "send "+kind)
		batch = append(batch, Event{Event: events.Event{ID: events.NewID(), Type: kind, Trace: trace.Parent(sent)}})
		span.End(nil)
	}
	within, one, end := c.traced(ctx, batch[:1])
	if trace.Parent(within) != one[0].Trace || trace.ID(within) != trace.IDOf(batch[0].Trace) || one[0].Trace == batch[0].Trace {
		t.Errorf("one event is processed in %s, not in its trace %s", trace.Parent(within), batch[0].Trace)
	}
	end(nil)
	within, both, end := c.traced(ctx, batch)
	for i := range both {
		if trace.IDOf(both[i].Trace) != trace.IDOf(batch[i].Trace) || trace.ID(within) == trace.IDOf(batch[i].Trace) {
			t.Errorf("the trace of %s does not go on, or is the trace of all", batch[i].Type)
		}
	}
	end(nil)
	finish()
	var all otlptest.Span
	to := map[string]bool{}
	for _, s := range collector.Spans() {
		if s.Name == "process batch" {
			all = s
		}
	}
	for _, l := range all.Links {
		to[l.SpanID] = true
	}
	members := 0
	for _, s := range collector.Spans() {
		if len(s.Links) == 1 && s.Links[0].SpanID == all.SpanID && to[s.SpanID] && s.Attributes["messaging.consumer.group.name"] == "tester" {
			members++
		}
	}
	if members != 2 || len(all.Links) != 2 || all.ParentID != "" || all.Attributes["messaging.batch.message_count"] != "2" {
		t.Errorf("%d members of %+v in %+v", members, all, collector.Spans())
	}
}
