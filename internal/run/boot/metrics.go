package boot

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var identityExpires = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_identity_expires_timestamp_seconds", Help: "When the certificate of the service's identity ends. As of the last look at /readyz.",
}, []string{"service"})
