package consume

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	settled = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_consumer_events_total", Help: "Events by consumer and result: applied (or known already), again (tried again later) or parked as a dead letter.",
	}, []string{"consumer", "result"})
	applySeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eupay_consumer_apply_seconds", Help: "Duration of a consumer's transactions, each of which applies one event or many.",
		Buckets: []float64{.005, .025, .1, .5, 2.5, 10},
	}, []string{"consumer"})
	appliedAfter = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eupay_consumer_event_age_seconds", Help: "From when an event happened until a consumer has applied it, without replays.",
		Buckets: []float64{.05, .25, 1, 5, 30, 300, 3600},
	}, []string{"consumer"})
)

// The results of an event.
const (
	resultApplied = "applied"
	resultAgain   = "again"
	resultParked  = "parked"
)

// announce makes the counters of a consumer begin at 0: an increase from nothing is seen by no alert.
func announce(consumer string) {
	for _, result := range []string{resultApplied, resultAgain, resultParked} {
		settled.WithLabelValues(consumer, result)
	}
}

// applied measures events that took effect, or had taken it before.
func (c *Consumer) applied(e Event) {
	settled.WithLabelValues(c.cfg.Name, resultApplied).Inc()
	if !e.Replayed {
		appliedAfter.WithLabelValues(c.cfg.Name).Observe(time.Since(e.Time).Seconds())
	}
}
