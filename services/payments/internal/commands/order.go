package commands

import (
	"context"
	"errors"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// cancelOrder cancels the payment of an order that has ended. Whoever has the orders can do that to their payments and to no others.
func (h *Handler) cancelOrder(ctx context.Context, r *request, c *paymentsv1.CancelOrderPayment) error {
	if err := h.ofOrder(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference(), c.GetOrderId()); err != nil {
		return err
	}
	return h.cancel(ctx, r, &paymentsv1.CancelPayment{Reference: c.GetReference(), MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode()})
}

// refundOrder gives back what was paid for an order, also when its merchant may take no money any more: that goes to whom it belongs.
func (h *Handler) refundOrder(ctx context.Context, r *request, c *paymentsv1.RefundOrderPayment) error {
	if err := h.ofOrder(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetOriginalReference(), c.GetOrderId()); err != nil {
		return err
	}
	m, err := h.merchants.Get(ctx, c.GetMerchantId(), 0)
	if err != nil {
		return err
	}
	return h.giveBack(ctx, r, &paymentsv1.RefundPayment{
		Reference: c.GetReference(), OriginalReference: c.GetOriginalReference(), MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode(),
		AmountCents: c.GetAmountCents(),
	}, m.Profile)
}

// ofOrder is NOT_FOUND unless the payment is the order's.
func (h *Handler) ofOrder(ctx context.Context, merchantID string, livemode bool, reference, order string) error {
	p, err := h.store.Get(ctx, merchantID, livemode, reference)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.NotFound("Payment")
	case err != nil:
		return err
	case p.Origin != payment.OriginOrder || order == "" || p.OrderID != order:
		distrusted.WithLabelValues("order").Inc()
		h.log.Error("a command of an order names a payment that is not the order's", "reference", reference, "order", order)
		return errs.NotFound("Payment")
	default:
		return nil
	}
}

var _ Merchants = (*merchant.Merchants)(nil)
