package commands

import (
	"context"
	"errors"
	"time"

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
	r.free() // the bank may take its time, and new commands must not wait for it
	if !h.ask(p.Livemode) {
		return busy()
	}
	defer h.asked(p.Livemode)
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
	if !h.ask(p.Livemode) {
		return h.later(ctx, r, p)
	}
	defer h.asked(p.Livemode)
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

// ask takes one of the places of those that wait for a bank, if there is one; asked gives it back.
func (h *Handler) ask(livemode bool) bool {
	select {
	case h.asking[livemode] <- struct{}{}:
		return true
	default:
		return false
	}
}

func (h *Handler) asked(livemode bool) { <-h.asking[livemode] }

// later leaves a hint to the sweeper, which reads the payment as soon as it can.
func (h *Handler) later(ctx context.Context, r *request, p payment.Payment) error {
	if p.ProviderID != "" && !p.Status.Final() {
		if err := h.store.Due(ctx, p.Reference, h.now().Add(time.Second)); err != nil {
			return err
		}
	}
	h.ack(r.msg)
	h.answer(r.reply, readyReply(p, store.NoMatch))
	return nil
}

func busy() error {
	e := errs.New(errs.Unavailable, "The bank is slow to answer right now. Repeat the request in a moment.")
	e.RetryAfter = 5 * time.Second
	return e
}

// hinted finds the payment of a hint. The mode of a payer's return is not known, so its reference decides alone; what
// it sees is no more than the public status.
func (h *Handler) hinted(ctx context.Context, c *paymentsv1.ProviderUpdate) (payment.Payment, error) {
	if c.GetReference() != "" {
		return h.store.ByReference(ctx, c.GetReference())
	}
	return h.store.ByProviderID(ctx, c.GetLivemode(), c.GetProviderPaymentId())
}
