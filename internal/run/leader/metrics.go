package leader

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The label is not called job, which is Prometheus' own.
var leading = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_leader", Help: "1 while this replica does a job that only one replica does, 0 while another one does it or none.",
}, []string{"service", "lease"})
