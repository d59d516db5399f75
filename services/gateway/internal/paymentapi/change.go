package paymentapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type refundRequest struct {
	Amount web.Amount `json:"amount"`
}

// refund answers 201 with the new REF- transaction.
func (p *Payments) refund(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	var req refundRequest
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	var bad refuse.Problems
	if req.Amount.Given() {
		checkAmount(&bad, req.Amount.Cents())
	}
	if err := bad.Err(); err != nil {
		return err
	}
	idempotency, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	pass, err := p.MayRefund(c, of, ref, req.Amount)
	if err != nil {
		return err
	}
	out, err := p.Refund(c, pass, paying.Refund{Payment: ref, Amount: req.Amount.Cents(), Key: idempotency})
	if err != nil {
		return err
	}
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	if err := paying.RefusedAtOnce(out.Payment); err != nil {
		return err
	}
	return web.OK(c, http.StatusCreated, paying.View(out.Payment))
}

// cancel answers with the payment after the attempt. If the payer must approve the cancellation, the answer has the bank's URL.
func (p *Payments) cancel(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	if err := web.DecodeOptional(c, &struct{}{}); err != nil {
		return err
	}
	return p.sendCancel(c, &paymentsv1.CancelPayment{Reference: ref})
}

// cancelRefund does the same for a refund.
func (p *Payments) cancelRefund(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	refund := c.Param("refund")
	if !reference.Valid(refund) {
		return errs.NotFound("Refund")
	}
	if err := web.DecodeOptional(c, &struct{}{}); err != nil {
		return err
	}
	return p.sendCancel(c, &paymentsv1.CancelPayment{Reference: refund, OriginalReference: ref})
}

func (p *Payments) sendCancel(c echo.Context, cmd *paymentsv1.CancelPayment) error {
	of := caller.AccountOf(c)
	cmd.MerchantId, cmd.Livemode = of.Merchant.ID, of.Livemode
	out, err := p.Sender.Send(c.Request().Context(), c, gate.Pass{}, command.CancelPayment, cmd, nil)
	if err != nil {
		return err
	}
	v := paying.View(out.Payment)
	if out.AuthorisationURL != "" {
		v.AuthorisationURL = out.AuthorisationURL
	}
	return web.OK(c, http.StatusOK, v)
}
