package engine

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

var providerCalls = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "eupay_payments_provider_call_seconds", Help: "Calls to the provider, by mode, call and outcome (ok, refused, ambiguous, not_sent).",
	Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
}, []string{"mode", "call", "outcome"})

// measured counts and times the calls to a provider.
type measured struct {
	Provider
	mode string
}

func observed[T any](m measured, call string, do func() (T, error)) (T, error) {
	began := time.Now()
	got, err := do()
	providerCalls.WithLabelValues(m.mode, call, outcome(err)).Observe(time.Since(began).Seconds())
	return got, err
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case powens.IsRefused(err):
		return "refused"
	case powens.IsAmbiguous(err):
		return "ambiguous"
	default:
		return "not_sent"
	}
}

func (m measured) CreatePayment(ctx context.Context, r powens.CreateRequest) (powens.Payment, error) {
	return observed(m, "create", func() (powens.Payment, error) { return m.Provider.CreatePayment(ctx, r) })
}

func (m measured) PaymentURL(ctx context.Context, id, state string) (string, error) {
	return observed(m, "payment_url", func() (string, error) { return m.Provider.PaymentURL(ctx, id, state) })
}

func (m measured) GetPayment(ctx context.Context, id string) (powens.Payment, error) {
	return observed(m, "get", func() (powens.Payment, error) { return m.Provider.GetPayment(ctx, id) })
}

func (m measured) FindByReference(ctx context.Context, reference string) ([]powens.Payment, error) {
	return observed(m, "find", func() ([]powens.Payment, error) { return m.Provider.FindByReference(ctx, reference) })
}

func (m measured) CancelPayment(ctx context.Context, id, state string) (powens.Cancellation, error) {
	return observed(m, "cancel", func() (powens.Cancellation, error) { return m.Provider.CancelPayment(ctx, id, state) })
}
