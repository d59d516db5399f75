package outbox

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTheOutboxSaysHowMuchWaitsAndForHowLong(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := NewRelay(f.pool, f.bus, "waiting", keep, slog.New(slog.DiscardHandler))
	measured, forgotten := 0, 0
	r.Measure(func(context.Context) error { measured++; return nil }, func() { forgotten++ })
	says := func() (events, seconds float64) {
		t.Helper()
		if err := r.measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		return testutil.ToFloat64(unpublished.WithLabelValues("waiting")), testutil.ToFloat64(oldest.WithLabelValues("waiting"))
	}
	if n, seconds := says(); n != 0 || seconds != 0 {
		t.Errorf("an empty outbox: %v events, %v s", n, seconds)
	}
	f.add(event(), event(), event())
	f.exec(`update outbox set occurred_at = now() - interval '90 seconds' where id = 2`)
	f.exec(`update outbox set occurred_at = now() where id = 3`)
	f.exec(`update outbox set published_at = now(), occurred_at = now() - interval '1 day' where id = 1`)
	if n, seconds := says(); n != 2 || seconds < 90 || seconds > 3600 {
		t.Errorf("%v events, the oldest for %v s; want 2 and 90", n, seconds)
	}
	r.unmeasure()
	if measured != 2 || forgotten != 1 {
		t.Errorf("the service measured %d times and forgot %d times", measured, forgotten)
	}
	if unpublished.DeleteLabelValues("waiting") || oldest.DeleteLabelValues("waiting") {
		t.Error("a former leader still says something")
	}
}
