package transmit

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/run/measure"
)

var attempted = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_einvoice_transmissions_total",
	Help: "Tries to send something to the e-invoicing platform, by mode, kind and outcome: sent, waiting (for a mandate), refused (given up), " +
		"dropped (not needed any more) or failed (tried again).",
}, []string{"mode", "kind", "outcome"})

// name of the outcome as a label.
func (o outcome) name() string {
	switch {
	case o.state == "sent":
		return "sent"
	case o.state == "stopped":
		return "refused"
	case o.state == "dropped":
		return "dropped"
	case o.verdict == notTried:
		return "waiting"
	default:
		return "failed"
	}
}

func init() { // an increase from nothing is seen by no alert
	for _, livemode := range []bool{true, false} {
		for _, kind := range []Kind{Document, Collection, Report} {
			for _, outcome := range []string{"sent", "waiting", "refused", "dropped", "failed"} {
				attempted.WithLabelValues(measure.Mode(livemode), string(kind), outcome)
			}
		}
	}
}
