package commands

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// settle ends a payment as the merchant reports. amount is 0 or the amount of the payment.
func (h *Handler) settle(ctx context.Context, r *request, p payment.Payment, w payment.SettlementReport, amount int64) error {
	if amount != 0 && money.Cents(amount) != p.Amount {
		return errs.New(errs.InvalidState, "The payment is for %s %s. Only the full amount can be confirmed.", p.Amount, p.Currency)
	}
	after, err := h.engine.Settle(ctx, p, w, r.meta)
	if err != nil {
		return err
	}
	return h.finish(r, after, store.NoMatch)
}

// confirmNotReceived ends a payment whose money did not arrive. Repeating it is not an error.
func (h *Handler) confirmNotReceived(ctx context.Context, r *request, c *paymentsv1.ConfirmNotReceived) error {
	if c.GetActor() == "" {
		return fmt.Errorf("%w: a confirmation needs an actor", errUnreadable)
	}
	p, err := h.store.Get(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference())
	switch {
	case err != nil:
		return conflictOr(err)
	case p.Kind != payment.KindPayment:
		return notARefund(p)
	case p.Status == payment.Failed && (p.Failure == payment.FailureNotReceived || p.Failure == payment.FailureMismatch):
		return h.finish(r, p, store.NoMatch)
	}
	return h.settle(ctx, r, p, payment.SettlementReport{Actor: c.GetActor(), Note: c.GetNote()}, 0)
}

func (h *Handler) bookLateReceipt(ctx context.Context, r *request, c *paymentsv1.BookLateReceipt) error {
	if c.GetActor() == "" || c.GetAmountCents() < 0 {
		return fmt.Errorf("%w: a late receipt needs an actor and an amount that is not negative", errUnreadable)
	}
	if _, _, err := h.loadAllowed(ctx, c.GetMerchantId(), c.GetMerchantVersion(), c.GetLivemode(), c.GetReference()); err != nil {
		return err
	}
	receipt := payment.LateReport{
		MerchantID: c.GetMerchantId(), Livemode: c.GetLivemode(), Reference: c.GetReference(), Amount: money.Cents(c.GetAmountCents()),
		Received: payment.Received{By: c.GetActor(), Note: c.GetNote()},
		Payer:    payment.Party{Name: c.GetPayerName(), IBAN: c.GetPayerIban()},
	}
	if c.GetReceivedAt() != nil {
		at := c.GetReceivedAt().AsTime()
		receipt.Received.At = &at
	}
	p, replayed, err := h.store.BookLate(ctx, receipt, r.meta)
	if err != nil {
		return conflictOr(err)
	}
	match := store.NoMatch
	if replayed {
		match = store.ByReference
	}
	return h.finish(r, p, match)
}

// finish acknowledges a command that is complete and replies to its sender.
func (h *Handler) finish(r *request, p payment.Payment, match store.Match) error {
	h.ack(r.msg)
	h.sendReply(r.reply, readyReply(p, match))
	return nil
}

// notARefund is the error for confirming a refund instead of a payment.
func notARefund(p payment.Payment) error {
	return errs.New(errs.InvalidState, "%s is a refund. Only its payment %s can be confirmed.", p.Reference, p.OriginalReference)
}
