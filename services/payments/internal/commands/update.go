package commands

import (
	"context"
	"errors"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func (h *Handler) cancel(ctx context.Context, r *request, c *paymentsv1.CancelPayment) error {
	p, err := h.store.Get(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference())
	if err != nil {
		return conflictOr(err)
	}
	if p.Kind != payment.KindPayment {
		return errs.NotFound("Payment")
	}
	after, url, err := h.engine.Cancel(ctx, p)
	if err != nil {
		return err
	}
	h.ack(r.msg)
	reply := readyReply(after, store.NoMatch)
	reply.AuthorisationUrl = url
	h.answer(r.reply, reply)
	h.ready.announce(after)
	return nil
}

// providerUpdate reads the payment that a hint names. A hint about a payment that we do not know is dropped: a provider
// payment without our record has no URL that anybody could have been given. A hint is also dropped when another one
// waits for its turn already, since that one's reading is still to come.
func (h *Handler) providerUpdate(ctx context.Context, r *request, c *paymentsv1.ProviderUpdate) error {
	p, err := h.hinted(ctx, c)
	if errors.Is(err, store.ErrNotFound) {
		return errs.NotFound("Payment")
	}
	if err != nil {
		return err
	}
	r.free() // the bank may take its time, and new commands must not wait for it
	if r.reply == "" && h.hints.awaited(p.Reference) {
		h.ack(r.msg)
		return nil
	}
	waited, err := h.hints.enter(ctx, p.Reference)
	if err != nil {
		return err
	}
	defer h.hints.leave(p.Reference)
	if waited {
		if p, err = h.hinted(ctx, c); err != nil {
			return err
		}
	}
	after := h.engine.Refresh(ctx, p, payment.CauseProvider)
	h.ack(r.msg)
	h.answer(r.reply, readyReply(after, store.NoMatch))
	return nil
}

// hinted finds the payment of a hint. The mode of a payer's return is not known, so its reference decides alone; what
// it sees is no more than the public status.
func (h *Handler) hinted(ctx context.Context, c *paymentsv1.ProviderUpdate) (payment.Payment, error) {
	if c.GetReference() != "" {
		return h.store.ByReference(ctx, c.GetReference())
	}
	return h.store.ByProviderID(ctx, c.GetLivemode(), c.GetProviderPaymentId())
}
