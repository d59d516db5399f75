package provider

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The kinds of webhooks. kindOther is a signed webhook that concerns no payment.
const (
	kindPayment = "payment"
	kindOther   = "other"
)

var webhooks = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_gateway_provider_webhooks_total", Help: "Signed webhooks of the payment provider, by kind (payment, other).",
}, []string{"kind"})
