package commands

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var handled = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_commands_total", Help: "Commands taken, by command and result (done, refused, expired, parked, again).",
}, []string{"command", "result"})

var distrusted = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_commands_distrusted_total",
	Help: "Commands that do not agree with what payments knows: of the merchant's account (account), of what it may do (not_enabled), of an order (order).",
}, []string{"about"})
