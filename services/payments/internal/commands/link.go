package commands

import (
	"context"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Links record the payments of payment links. link.Links does.
type Links interface {
	// Pay records the payment, or returns the one that the request means, with its match.
	Pay(ctx context.Context, wanted payment.Payment, idem store.Idempotency, meta store.Meta) (payment.Payment, store.Match, error)
}

// payLink makes the payment of a payment link.
func (h *Handler) payLink(ctx context.Context, r *request, wanted payment.Payment, idem store.Idempotency) error {
	p, match, err := h.links.Pay(ctx, wanted, idem, r.meta)
	if err != nil {
		return conflictOr(err)
	}
	return h.recorded(ctx, r, p, match)
}
