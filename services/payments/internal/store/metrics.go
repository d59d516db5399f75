package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var changes = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_changes_total", Help: "Announced changes of payments and refunds, by event type.",
}, []string{"event"})
