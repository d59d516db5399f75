package paying

import (
	"context"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
)

// OrderPayment is a payment that the platform makes for an order, not a merchant's server.
type OrderPayment struct {
	// Pass is the gate's, for the merchant and the mode of the order.
	Pass gate.Pass
	// Reference is proposed for the payment; the order knows it, so that it can be cancelled whatever happens here.
	Reference   string
	AmountCents int64
	Description string
	OrderID     string
	SuccessURL  string
	CancelURL   string
}

// Created is a payment with its QR code; QR is nil when that could not be signed in time.
type Created struct {
	Payment *paymentsv1.Payment
	QR      any
}

// Orders makes the payments of orders.
type Orders struct {
	Sender Sender
	Signer Signer
}

// CreateForOrder makes the payment of an order, or finds the one that was made before. It goes on when the guest is gone,
// and ends with the deadline of the Sender.
func (p Orders) CreateForOrder(c echo.Context, o OrderPayment) (Created, error) {
	ctx := context.WithoutCancel(c.Request().Context())
	signing := p.Signer.Prepare(ctx)
	defer signing.Close()
	out, err := p.Sender.Send(ctx, c, o.Pass, command.CreatePayment, &paymentsv1.CreatePayment{
		Reference: o.Reference, Merchant: o.Pass.Merchant().Snapshot(), Livemode: o.Pass.Livemode(), AmountCents: o.AmountCents, Currency: "EUR",
		Description: o.Description, MerchantReference: o.OrderID, SuccessUrl: o.SuccessURL, CancelUrl: o.CancelURL, Origin: "order", OrderId: o.OrderID,
	}, signing.Start)
	if err != nil {
		return Created{}, err
	}
	if RefusedAtOnce(out.Payment) != nil {
		return Created{}, errs.New(errs.PaymentRefused, "The bank does not take the payment of this order. Order again, or pay at the counter.")
	}
	// The merchant's server may have used the order's id as a reference of its own.
	if got := out.Payment; got.GetOrderId() != o.OrderID || got.GetAmountCents() != o.AmountCents {
		return Created{}, errs.New(errs.InvalidState, "The payment of this order could not be made. Order again.")
	}
	created := Created{Payment: out.Payment}
	if Payable(out.Payment) {
		if data := signing.Wait(); data != nil {
			created.QR = data
		}
	}
	return created, nil
}
