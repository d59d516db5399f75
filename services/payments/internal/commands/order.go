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

// cancelOrder cancels the payment of an order that has ended. The sender may cancel payments of orders and no others.
func (h *Handler) cancelOrder(ctx context.Context, r *request, c *paymentsv1.CancelOrderPayment) error {
	if err := h.checkOrderPayment(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetReference(), c.GetOrderId()); err != nil {
		return err
	}
	return h.cancel(ctx, r, &paymentsv1.CancelPayment{Reference: c.GetReference(), MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode()})
}

// refundOrder refunds the payment of an order. It is allowed even if the merchant may no longer take payments, because the money
// belongs to the customer.
func (h *Handler) refundOrder(ctx context.Context, r *request, c *paymentsv1.RefundOrderPayment) error {
	if err := h.checkOrderPayment(ctx, c.GetMerchantId(), c.GetLivemode(), c.GetOriginalReference(), c.GetOrderId()); err != nil {
		return err
	}
	m, err := h.merchants.Get(ctx, c.GetMerchantId(), 0)
	if err != nil {
		return err
	}
	return h.createRefund(ctx, r, &paymentsv1.RefundPayment{
		Reference: c.GetReference(), OriginalReference: c.GetOriginalReference(), MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode(),
		AmountCents: c.GetAmountCents(),
	}, m.Profile)
}

// checkOrderPayment returns NOT_FOUND unless the payment belongs to the order.
func (h *Handler) checkOrderPayment(ctx context.Context, merchantID string, livemode bool, reference, order string) error {
	p, err := h.store.Get(ctx, merchantID, livemode, reference)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.NotFound("Payment")
	case err != nil:
		return err
	case p.Origin != payment.OriginOrder || order == "" || p.OrderID != order:
		distrusted.WithLabelValues("order").Inc()
		h.log.Error("order command names a payment of another order", "reference", reference, "order", order)
		return errs.NotFound("Payment")
	default:
		return nil
	}
}

var _ Merchants = (*merchant.Merchants)(nil)
