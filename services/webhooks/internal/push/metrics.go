package push

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var pushes = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_push_messages_total",
	Help: "Push messages by outcome: delivered, gone (the browser unsubscribed), retry, refused, exhausted, expired.",
}, []string{"outcome"})

func init() { // an increase from nothing is seen by no alert
	for _, outcome := range []string{"delivered", "gone", "retry", "refused", "exhausted", "expired"} {
		pushes.WithLabelValues(outcome)
	}
}
