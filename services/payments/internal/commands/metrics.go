package commands

import (
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/run/command"
)

var handled = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_commands_total", Help: "Commands taken, by command and result (done, refused, expired, behind, parked, again).",
}, []string{"command", "result"})

var distrusted = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_payments_commands_distrusted_total",
	Help: "Commands that do not agree with what payments knows: of the merchant's account (account), of what it may do (not_enabled), of an order (order).",
}, []string{"about"})

var age = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "eupay_payments_command_age_seconds", Help: "From when the broker stored a command until it was done. For provider_update: from the bank's word to its record.",
	Buckets: []float64{.01, .05, .25, 1, 2.5, 5, 10, 30, 300},
}, []string{"command"})

// subjects are the commands that there are.
var subjects = []string{
	command.CreatePayment, command.RefundPayment, command.CancelPayment, command.ScanPay, command.ConfirmReceived, command.ConfirmNotReceived,
	command.BookLateReceipt, command.CreateOrder, command.CancelOrder, command.RefundOrder, command.ProviderUpdate,
}

// nameOf returns the command's name as a label. Senders choose subjects, so those that are no command have one name.
func nameOf(subject string) string {
	for _, s := range subjects {
		if s == subject {
			return strings.TrimPrefix(s, "eupay.cmd.payments.")
		}
	}
	return "unknown"
}

// unreadable is the name of commands that are parked.
const unreadable = "unreadable"

func init() { // an increase from nothing is seen by no alert
	for _, about := range []string{"account", "not_enabled", "order"} {
		distrusted.WithLabelValues(about)
	}
	handled.WithLabelValues(unreadable, "parked")
}

// took measures a command that is done.
func (h *Handler) took(name string, m jetstream.Msg) {
	if meta, err := m.Metadata(); err == nil {
		age.WithLabelValues(name).Observe(max(h.now().Sub(meta.Timestamp).Seconds(), 0))
	}
}
