package outbound

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var breakerOpen = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_provider_breaker_open", Help: "1 while calls to a provider are held back because it fails, by provider and mode.",
}, []string{"provider", "mode"})
