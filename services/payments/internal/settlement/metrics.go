package settlement

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Only the replica that relays the outbox measures this.
var unsettled = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_payments_unsettled", Help: "Completed payments and refunds whose money was missed on the merchant's account and has not come yet.",
}, []string{"mode"})

// Forget removes what Measure has measured.
func Forget() { unsettled.Reset() }
