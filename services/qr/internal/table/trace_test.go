package table

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestWhatHappensToAnOrderLaterIsLinkedToItsRequest: the payment that is asked for again, and the news of it.
func TestWhatHappensToAnOrderLaterIsLinkedToItsRequest(t *testing.T) {
	f := setup(t)
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "qr")
	request, span := trace.Root(ctx, nil, trace.Server, "request")
	placed, err := f.PlaceOrder(request, f.paidRequest(item(f.product(t, f.merchant, "Thé", 3_50, 9), 1)))
	if err != nil {
		t.Fatal(err)
	}
	span.End(nil)
	o, err := readOrder(t.Context(), f.pool, placed.GetOrder().GetId())
	if err != nil {
		t.Fatal(err)
	}
	if trace.IDOf(o.trace) != trace.ID(request) {
		t.Errorf("the order is of the trace %q, its request of %s", o.trace, trace.ID(request))
	}
	if got := f.newAsks().Cause(o); got != o.trace {
		t.Errorf("asking again is linked to %q", got)
	}
	told, news := trace.Root(ctx, nil, trace.Consumer, "process payment.completed")
	event := consume.Event{Event: payment("completed", placed.GetOrder(), "PAY-1")}
	if err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.Handle(told, tx, []consume.Event{event}) }); err != nil {
		t.Fatal(err)
	}
	news.End(nil)
	finish()
	for _, s := range collector.Spans() {
		if s.Name == "process payment.completed" {
			if len(s.Links) != 1 || s.Links[0].TraceID != trace.ID(request) {
				t.Errorf("the news is linked to %+v", s.Links)
			}
			return
		}
	}
	t.Errorf("no news in %+v", collector.Spans())
}
