package commands

import (
	"context"
	"errors"
	"strings"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// createOrder makes the payment of an order, to the account that we know of the merchant. The sender may pay orders and nothing else.
func (h *Handler) createOrder(ctx context.Context, r *request, c *paymentsv1.CreateOrderPayment) error {
	if c.GetOrderId() == "" || c.GetAmountCents() <= 0 || !reference.Valid(c.GetReference()) || !strings.HasPrefix(c.GetReference(), "PAY-") {
		distrusted.WithLabelValues("order").Inc()
		h.log.ErrorContext(ctx, "order command names no order, amount or reference of a payment", "reference", c.GetReference(), "order", c.GetOrderId())
		return errNotOfOrder()
	}
	if _, err := h.engine.Provider(c.GetLivemode()); err != nil {
		return err
	}
	m, err := h.merchants.Get(ctx, c.GetMerchantId(), c.GetMerchantVersion())
	if err != nil {
		return err
	}
	if err := m.CheckPayable(c.GetLivemode()); err != nil {
		distrusted.WithLabelValues("not_enabled").Inc()
		return err
	}
	wanted := h.newPayment(&paymentsv1.CreatePayment{
		Reference: c.GetReference(), Livemode: c.GetLivemode(), AmountCents: c.GetAmountCents(), Currency: c.GetCurrency(), Description: c.GetDescription(),
		MerchantReference: c.GetOrderId(), SuccessUrl: c.GetSuccessUrl(), CancelUrl: c.GetCancelUrl(), Origin: string(payment.OriginOrder), OrderId: c.GetOrderId(),
	}, m.Profile)
	p, match, err := h.store.Create(ctx, wanted, store.Idempotency{}, r.meta)
	switch {
	case errors.Is(err, store.ErrReferenceReused):
		return errNotOfOrder()
	case err != nil:
		return err
	case p.Origin != payment.OriginOrder || p.OrderID != wanted.OrderID || p.MerchantID != wanted.MerchantID || p.Livemode != wanted.Livemode || p.Amount != wanted.Amount:
		distrusted.WithLabelValues("order").Inc()
		h.log.ErrorContext(ctx, "payment of an order is already another payment", "reference", p.Reference, "order", wanted.OrderID)
		return errNotOfOrder()
	}
	if match == store.NoMatch && (p.RequestedAt == nil || !p.RequestedAt.Equal(*wanted.RequestedAt)) {
		// Another command made it, which requests it at the bank, or its due time does. Two requests at once would make two there.
		match = store.ByReference
	}
	return h.recorded(ctx, r, p, match)
}

// errNotOfOrder tells the guest that something else has the reference or the id of the order, such as a payment of the merchant's server.
func errNotOfOrder() error {
	return errs.New(errs.InvalidState, "The payment of this order could not be made. Order again.")
}

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
		h.log.ErrorContext(ctx, "order command names a payment of another order", "reference", reference, "order", order)
		return errs.NotFound("Payment")
	default:
		return nil
	}
}

var _ Merchants = (*merchant.Merchants)(nil)
