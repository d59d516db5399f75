package delivery

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	finished = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_webhook_deliveries_total", Help: "Deliveries that came to their end, by outcome.",
	}, []string{"outcome"})
	attempts = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eupay_webhook_attempt_seconds", Help: "Duration of attempts, by result (success or the word for the failure).",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"result"})
	accepted = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "eupay_webhook_accepted_to_delivered_seconds", Help: "From the recording of a delivery to its success.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30, 300, 3600},
	})
	firstAttempt = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "eupay_webhook_first_attempt_delay_seconds", Help: "From the recording of a delivery to the start of its first attempt, whatever the endpoint answers.",
		Buckets: []float64{.01, .05, .25, 1, 2.5, 5, 10, 30, 300, 3600},
	})
	breakersOpen = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "eupay_webhook_breakers_open", Help: "Endpoints whose breaker is open or half open.",
	})
	disabled = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_webhook_endpoints_disabled_total", Help: "Endpoints that were disabled because they failed, by reason.",
	}, []string{"reason"})
	backlog = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "eupay_webhook_backlog", Help: "Deliveries that are not finished.",
	})
	oldestDue = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "eupay_webhook_oldest_due_seconds", Help: "How long the oldest due attempt has been due.",
	})
)

func init() { // an increase from nothing is seen by no alert
	for _, reason := range []string{"failing", "gone"} {
		disabled.WithLabelValues(reason)
	}
}
