package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func (h *Handler) create(ctx context.Context, r *request, c *paymentsv1.CreatePayment) error {
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	if !knownOrigin(payment.Origin(c.GetOrigin()), c.GetOrderId()) {
		return fmt.Errorf("%w: origin %q with order %q", errUnreadable, c.GetOrigin(), c.GetOrderId())
	}
	payee, err := h.verifiedMerchant(ctx, c.GetMerchant(), c.GetLivemode())
	if err != nil {
		return err
	}
	idem := store.Idempotency{Key: c.GetIdempotencyKey(), Fingerprint: c.GetFingerprint()}
	fresh := h.newPayment(c, payee)
	if err := h.chosenBank(ctx, c, &fresh, idem); err != nil {
		return err
	}
	if fresh.PaymentLinkID != "" {
		return h.payLink(ctx, r, fresh, idem)
	}
	p, match, err := h.store.Create(ctx, fresh, idem, r.meta)
	if err != nil {
		return conflictOr(err)
	}
	return h.recorded(ctx, r, p, match)
}

// knownOrigin rejects scans, which have a command of their own, and order payments without an order.
func knownOrigin(o payment.Origin, order string) bool {
	return (o == "" || o == payment.OriginAPI) && order == "" || o == payment.OriginOrder && order != ""
}

func (h *Handler) refund(ctx context.Context, r *request, c *paymentsv1.RefundPayment) error {
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	_, m, err := h.loadAllowed(ctx, c.GetMerchantId(), c.GetMerchantVersion(), c.GetLivemode(), c.GetOriginalReference())
	if err != nil {
		return err
	}
	return h.createRefund(ctx, r, c, m.Profile)
}

// createRefund records a refund that is paid from the merchant's account.
func (h *Handler) createRefund(ctx context.Context, r *request, c *paymentsv1.RefundPayment, m *paymentsv1.Merchant) error {
	refund := h.newRequested(c.GetReference(), payment.KindRefund, m)
	refund.OriginalReference, refund.MerchantID, refund.Livemode = c.GetOriginalReference(), m.GetId(), c.GetLivemode()
	refund.ExecutionType, refund.WaitForSettlement = "instant", false // a refund brings the merchant no money to wait for
	refund.Payer = payment.Beneficiary(m)                             // the merchant's company pays
	idem := store.Idempotency{Key: c.GetIdempotencyKey(), Fingerprint: c.GetFingerprint()}
	p, match, err := h.store.Refund(ctx, refund, money.Cents(c.GetAmountCents()), idem, r.meta)
	if err != nil {
		return conflictOr(err)
	}
	return h.recorded(ctx, r, p, match)
}

// recorded acknowledges a command whose payment is in the database, drives the payment and replies when it is ready. From here on
// the payment's due time guarantees progress, so a crash loses nothing.
func (h *Handler) recorded(ctx context.Context, r *request, p payment.Payment, match store.Match) error {
	about(ctx, p)
	h.ack(r.msg)
	r.free()
	h.sendReply(r.reply, replyOf(paymentsv1.CommandReply_STAGE_RECORDED, p.Proto(), match))
	if isReady(p) {
		h.sendReply(r.reply, readyReply(p, match))
		return nil
	}
	scan := p.Origin == payment.OriginScan && p.Sequence == 1 && p.RequestedAt == nil
	if match != store.NoMatch || p.RequestedAt == nil && !scan {
		return h.awaitReady(ctx, r, p, match)
	}
	p = h.drive(ctx, p, scan)
	if isReady(p) {
		h.sendReply(r.reply, readyReply(p, store.NoMatch))
		h.ready.announce(p)
		return nil
	}
	return h.awaitReady(ctx, r, p, match)
}

// drive sends a recorded payment to the provider if a slot is free.
func (h *Handler) drive(ctx context.Context, p payment.Payment, scan bool) payment.Payment {
	slots := h.providerSlots[p.Livemode]
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
		if scan {
			return h.engine.Process(ctx, p) // closes the session of the gateway payment first
		}
		return h.engine.Request(ctx, p)
	default:
		return h.engine.Release(ctx, p)
	}
}

// awaitReady replies when the payment is announced as ready. It reads the payment again after it has registered, so that it
// cannot miss the announcement.
func (h *Handler) awaitReady(ctx context.Context, r *request, p payment.Payment, match store.Match) error {
	if r.reply == "" {
		return nil
	}
	h.ready.wait(p.Reference, r.reply, match)
	latest, err := h.store.ByReference(ctx, p.Reference)
	if err != nil {
		h.log.WarnContext(ctx, "payment not read again", "reference", p.Reference, "error", err)
		return nil // the command is done; the sender answers with the state it has
	}
	if isReady(latest) {
		h.ready.resolve(latest)
	}
	return nil
}

func (h *Handler) newPayment(c *paymentsv1.CreatePayment, m *paymentsv1.Merchant) payment.Payment {
	p := h.newRequested(c.GetReference(), payment.KindPayment, m)
	p.MerchantID, p.Livemode = m.GetId(), c.GetLivemode()
	p.Amount, p.Currency = money.Cents(c.GetAmountCents()), c.GetCurrency()
	p.Description, p.MerchantReference = c.GetDescription(), c.GetMerchantReference()
	p.Origin, p.OrderID = payment.Origin(c.GetOrigin()), c.GetOrderId()
	p.PaymentLinkID, p.SubscriptionID = c.GetPaymentLinkId(), c.GetSubscriptionId()
	p.SuccessURL, p.CancelURL, p.Metadata = c.GetSuccessUrl(), c.GetCancelUrl(), string(c.GetMetadataJson())
	p.ExecutionType, p.ExecutionDate = c.GetExecutionType(), c.GetExecutionDate()
	if p.ExecutionType == "" {
		p.ExecutionType = "instant"
	}
	p.Beneficiary, p.Payer.Identity = payment.Beneficiary(m), payment.IdentityOf(c.GetCustomer())
	return p
}

// newRequested returns a payment that this process is about to request at the provider.
func (h *Handler) newRequested(reference string, kind payment.Kind, m *paymentsv1.Merchant) payment.Payment {
	now := h.now().UTC().Truncate(time.Microsecond)
	due := h.engine.NewDueAt()
	return payment.Payment{
		Reference: reference, Kind: kind, MerchantName: m.GetName(), WaitForSettlement: m.GetWaitForSettlement(),
		RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(h.engine.Config().SessionTTL),
	}
}

// isReady reports whether there is a result beyond "recorded".
func isReady(p payment.Payment) bool { return p.PaymentURL != "" || p.Status.Final() }

func readyReply(p payment.Payment, match store.Match) *paymentsv1.CommandReply {
	return replyOf(paymentsv1.CommandReply_STAGE_READY, p.Proto(), match)
}

func replyOf(stage paymentsv1.CommandReply_Stage, p *paymentsv1.Payment, match store.Match) *paymentsv1.CommandReply {
	return &paymentsv1.CommandReply{Stage: stage, Payment: p, Replayed: match != store.NoMatch, ReplayedByKey: match == store.ByKey}
}

func conflictOr(err error) error {
	switch {
	case errors.Is(err, store.ErrKeyReused):
		return errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	case errors.Is(err, store.ErrReferenceReused):
		return errs.New(errs.IdempotencyConflict,
			"This reference belongs to an open or paid payment with a different amount or currency. Send a new reference, or cancel that payment first.")
	case errors.Is(err, store.ErrNotFound):
		return errs.NotFound("Payment")
	default:
		return err
	}
}
