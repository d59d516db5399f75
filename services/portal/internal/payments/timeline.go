package payments

import (
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const (
	// maxDeliveries is how many are shown, the newest ones, and maxAttempts how many of them with their attempts.
	maxDeliveries = 50
	maxAttempts   = 12
)

// moment is one thing that happened, of one kind: Change, Refund or Delivery is set.
type moment struct {
	At       time.Time
	Change   *eupay.PaymentChange
	First    bool
	Refund   *eupay.Payment
	Delivery *eupay.Delivery
}

// timeline is everything that happened to a payment, the oldest first. What happened at the same time is in the order of causes: a change,
// a refund, the webhook of it.
func timeline(history []eupay.PaymentChange, refunds []eupay.Payment, sent []eupay.Delivery) []moment {
	all := make([]moment, 0, len(history)+len(refunds)+len(sent))
	for i := range history {
		all = append(all, moment{At: history[i].OccurredAt, Change: &history[i], First: i == 0})
	}
	for i := range refunds {
		all = append(all, moment{At: refunds[i].CreatedAt, Refund: &refunds[i]})
	}
	for i := range sent {
		all = append(all, moment{At: sent[i].CreatedAt, Delivery: &sent[i]})
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	return all
}

// deliveries are those of the payment's events, the newest of them with each attempt.
func deliveries(r *web.Request, reference string) ([]eupay.Delivery, error) {
	got, err := r.API.WebhookDeliveries.List(r.Ctx(), eupay.DeliveryListParams{ListParams: eupay.ListParams{Limit: maxDeliveries}, Reference: reference})
	if err != nil {
		return nil, err
	}
	list := got.Data
	var calls []func() error
	for i := range list[:min(len(list), maxAttempts)] {
		calls = append(calls, func() error {
			d, err := r.API.WebhookDeliveries.Get(r.Ctx(), list[i].ID)
			if err == nil {
				list[i] = *d
			}
			return err
		})
	}
	_ = web.Together(calls...) // a delivery without its attempts says enough
	return list, nil
}
