package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Only the replica that publishes measures: the others have no such series.
var (
	unpublished = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_outbox_unpublished_events", Help: "Events in the outbox that the broker has not stored yet.",
	}, []string{"service"})
	oldest = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_outbox_oldest_seconds", Help: "How long the oldest event in the outbox has waited for the broker; 0 when none waits.",
	}, []string{"service"})
	published = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_outbox_published_events_total", Help: "Events that the broker has stored for the first time.",
	}, []string{"service"})
)

// measureEvery is the interval of looking at the whole outbox, which may be long when the broker is away.
const measureEvery = 15 * time.Second

// Measure makes the replica that relays call measure now and then: for what one replica looks at and all would say alike. forget
// removes it when another replica takes over. Call it before Run.
func (r *Relay) Measure(measure func(context.Context) error, forget func()) {
	r.measures, r.forget = measure, forget
}

// measure looks at the outbox, and at what else the service wants to be measured.
func (r *Relay) measure(ctx context.Context) error {
	var n, seconds float64
	err := r.pool.QueryRow(ctx, `select count(*)::float8, coalesce(extract(epoch from now() - min(occurred_at)), 0)::float8
		from outbox where published_at is null`).Scan(&n, &seconds)
	if err != nil {
		return fmt.Errorf("measure the outbox: %w", err)
	}
	unpublished.WithLabelValues(r.service).Set(n)
	oldest.WithLabelValues(r.service).Set(max(seconds, 0))
	if r.measures == nil {
		return nil
	}
	return r.measures(ctx)
}

// unmeasure removes the series of a replica that does not publish any more: they would stay as they were.
func (r *Relay) unmeasure() {
	unpublished.DeleteLabelValues(r.service)
	oldest.DeleteLabelValues(r.service)
	if r.forget != nil {
		r.forget()
	}
}
