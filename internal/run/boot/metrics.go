package boot

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// A process with several services, the all-in-one, has those of a service as of the last scrape at that service's port.
var (
	degraded = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_degraded", Help: "How many things are wrong with the broker while the service answers its callers.",
	}, []string{"service"})
	identityExpires = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_identity_expires_timestamp_seconds", Help: "When the certificate of the service's identity ends, in seconds since 1970.",
	}, []string{"service"})
)
