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
	if err := checkTarget(p, c.GetOriginalReference()); err != nil {
		return err
	}
	about(ctx, p)
	r.free() // the bank may be slow, and new commands must not wait for it
	if !h.acquireBankSlot(p.Livemode) {
		return errBankBusy()
	}
	defer h.releaseBankSlot(p.Livemode)
	after, url, err := h.engine.Cancel(ctx, p)
	if err != nil {
		return err
	}
	h.ack(r.msg)
	reply := readyReply(after, store.NoMatch)
	reply.AuthorisationUrl = url
	h.sendReply(r.reply, reply)
	h.ready.announce(after)
	return nil
}

// checkTarget checks that the command names what it cancels: a payment, or a refund together with the payment it refunds.
func checkTarget(p payment.Payment, original string) error {
	switch {
	case p.OriginalReference == original:
		return nil
	case p.Kind == payment.KindRefund && original == "":
		return errs.New(errs.InvalidState, "%s is a refund. Cancel it as a refund of its payment %s.", p.Reference, p.OriginalReference)
	default:
		return errs.NotFound("Refund")
	}
}

// providerUpdate reads the payment that a hint refers to. A hint about an unknown provider payment may have arrived before our
// create was committed; then the provider payment is adopted. A hint is dropped when another one is already waiting, because that
// one will read the payment later.
func (h *Handler) providerUpdate(ctx context.Context, r *request, c *paymentsv1.ProviderUpdate) error {
	p, err := h.hintedPayment(ctx, c)
	if errors.Is(err, store.ErrNotFound) {
		return h.adoptUnknown(ctx, r, c)
	}
	if err != nil {
		return err
	}
	about(ctx, p)
	r.free() // the bank may be slow, and new commands must not wait for it
	if r.reply == "" && h.hints.hasWaiters(p.Reference) {
		h.ack(r.msg)
		return nil
	}
	if !h.acquireBankSlot(p.Livemode) {
		return h.deferHint(ctx, r, p)
	}
	defer h.releaseBankSlot(p.Livemode)
	waited, err := h.hints.lock(ctx, p.Reference)
	if err != nil {
		return err
	}
	defer h.hints.unlock(p.Reference)
	if waited {
		if p, err = h.hintedPayment(ctx, c); err != nil {
			return err
		}
	}
	after, err := h.engine.Refresh(ctx, p, payment.CauseProvider)
	if err != nil {
		return err // the hint comes again: nobody may be about to read the payment for hours
	}
	h.ack(r.msg)
	h.sendReply(r.reply, readyReply(after, store.NoMatch))
	return nil
}

// maxAdoptions limits the attempts for a hint whose provider payment cannot be read. After that, a payment that is being opened
// is looked up at its own due time.
const maxAdoptions = 5

// adoptUnknown handles a hint that arrived before our create was committed, or that refers to a provider payment we do not need.
func (h *Handler) adoptUnknown(ctx context.Context, r *request, c *paymentsv1.ProviderUpdate) error {
	if c.GetProviderPaymentId() == "" {
		return errs.NotFound("Payment")
	}
	r.free()
	if !h.acquireBankSlot(c.GetLivemode()) {
		return errBankBusy()
	}
	defer h.releaseBankSlot(c.GetLivemode())
	p, err := h.engine.Adopt(ctx, c.GetLivemode(), c.GetProviderPaymentId())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.NotFound("Payment")
	case err != nil && attempts(r.msg) < maxAdoptions:
		return fmt.Errorf("adopt provider payment %s: %w", c.GetProviderPaymentId(), err)
	case err != nil:
		h.log.WarnContext(ctx, "hint about an unknown provider payment dropped", "provider_id", c.GetProviderPaymentId(), "error", err)
		return errs.NotFound("Payment")
	}
	about(ctx, p)
	h.ready.announce(p)
	return h.finish(r, p, store.NoMatch)
}

// acquireBankSlot takes one of the mode's slots for commands that wait for a bank, if one is free.
func (h *Handler) acquireBankSlot(livemode bool) bool {
	select {
	case h.bankSlots[livemode] <- struct{}{}:
		return true
	default:
		return false
	}
}

func (h *Handler) releaseBankSlot(livemode bool) { <-h.bankSlots[livemode] }

// deferHint leaves a hint to the sweeper by making the payment due.
func (h *Handler) deferHint(ctx context.Context, r *request, p payment.Payment) error {
	if p.ProviderID != "" && !p.Status.Final() {
		if err := h.store.SetDueAt(ctx, p.Reference, h.now().Add(time.Second)); err != nil {
			return err
		}
	}
	h.ack(r.msg)
	h.sendReply(r.reply, readyReply(p, store.NoMatch))
	return nil
}

func errBankBusy() error {
	e := errs.New(errs.Unavailable, "The bank is slow to answer right now. Repeat the request in a moment.")
	e.RetryAfter = 5 * time.Second
	return e
}

// hintedPayment returns the payment of a hint. The mode of a payer's return is unknown, so the reference alone decides; the payer
// sees only the public status.
func (h *Handler) hintedPayment(ctx context.Context, c *paymentsv1.ProviderUpdate) (payment.Payment, error) {
	if c.GetReference() != "" {
		return h.store.ByReference(ctx, c.GetReference())
	}
	return h.store.ByProviderID(ctx, c.GetLivemode(), c.GetProviderPaymentId())
}
