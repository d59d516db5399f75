package commands

import (
	"context"
	"errors"
	"fmt"
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
	if err := meant(p, c.GetOriginalReference()); err != nil {
		return err
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

// meant checks that the command names what it wants to cancel: a payment, or a refund and the payment that it gives back.
func meant(p payment.Payment, original string) error {
	switch {
	case p.OriginalReference == original:
		return nil
	case p.Kind == payment.KindRefund && original == "":
		return errs.New(errs.InvalidState, "%s is a refund. Cancel it as a refund of its payment %s.", p.Reference, p.OriginalReference)
	default:
		return errs.NotFound("Refund")
	}
}

// providerUpdate reads the payment that a hint names. A hint about a provider payment that no payment of ours has may have
// come before the opening was committed: then it opens it. A hint is dropped when another one waits for its turn already,
// since that one's reading is still to come.
func (h *Handler) providerUpdate(ctx context.Context, r *request, c *paymentsv1.ProviderUpdate) error {
	p, err := h.hinted(ctx, c)
	if errors.Is(err, store.ErrNotFound) {
		return h.early(ctx, r, c)
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

// adoptions bounds how often a hint is tried whose provider payment cannot be read; after that the payment that is being
// opened, if there is one, is looked up by its own due time.
const adoptions = 5

// early takes a hint that came before the opening of its payment was committed, or that names a provider payment which
// nobody needs.
func (h *Handler) early(ctx context.Context, r *request, c *paymentsv1.ProviderUpdate) error {
	if c.GetProviderPaymentId() == "" {
		return errs.NotFound("Payment")
	}
	r.free()
	if !h.ask(c.GetLivemode()) {
		return busy()
	}
	defer h.asked(c.GetLivemode())
	p, err := h.engine.Adopt(ctx, c.GetLivemode(), c.GetProviderPaymentId())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.NotFound("Payment")
	case err != nil && attempts(r.msg) < adoptions:
		return fmt.Errorf("adopt provider payment %s: %w", c.GetProviderPaymentId(), err)
	case err != nil:
		h.log.Warn("hint about an unknown provider payment dropped", "provider_id", c.GetProviderPaymentId(), "error", err)
		return errs.NotFound("Payment")
	}
	h.ready.announce(p)
	return h.done(r, p, store.NoMatch)
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
