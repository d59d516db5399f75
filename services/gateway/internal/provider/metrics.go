package provider

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The kinds of webhooks. kindSync has news of a connection; kindOther is a signed webhook that concerns neither.
const (
	kindPayment = "payment"
	kindSync    = "sync"
	kindOther   = "other"
)

var webhooks = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_gateway_provider_webhooks_total", Help: "Signed webhooks of the payment provider, by kind (payment, sync, other).",
}, []string{"kind"})

func init() {
	for _, kind := range []string{kindPayment, kindSync, kindOther} {
		webhooks.WithLabelValues(kind)
	}
}
