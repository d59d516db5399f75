package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var changes = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_changes_total", Help: "Announced changes of payments and refunds, by event type.",
}, []string{"event"})

// Only the replica that relays the outbox measures these.
var (
	open = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_payments_open", Help: "Payments that are not final, by mode, kind (payment, refund, …) and status.",
	}, []string{"mode", "kind", "status"})
	oldest = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_payments_open_oldest_seconds", Help: "Age of the oldest payment that is not final, by mode, kind and status.",
	}, []string{"mode", "kind", "status"})
)

// openPayments are the payments of one state.
type openPayments struct {
	Livemode     bool
	Kind, Status string
	Number       float64
	Oldest       time.Time
}

// Forget removes what Measure has measured.
func Forget() {
	open.Reset()
	oldest.Reset()
}
