package provider

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// back receives a payer from the bank. It has the payment read again and redirects the payer to the merchant. The query is not
// trusted: a payer is only ever redirected to the URLs that the merchant gave for that payment.
func (p *Provider) back(c echo.Context) error {
	ref := c.QueryParam("state")
	if !reference.Valid(ref) {
		return errs.NotFound("Payment")
	}
	payment, err := p.refreshed(c, ref)
	if err != nil {
		return err
	}
	gaveUp := c.QueryParam("error") != ""
	if approval := approval(payment); approval != "" && !gaveUp && p.mayAsk(c, ref) {
		return c.Redirect(http.StatusSeeOther, approval)
	}
	payment = asSubscription(payment)
	if target := paying.ReturnURL(payment, gaveUp); target != "" {
		return c.Redirect(http.StatusSeeOther, target)
	}
	v := statusPage(payment)
	if p.Receipts && v.Kind == "done" && payment.GetKind() != mandate && payment.GetKind() != supplier {
		v.Receipt = "/pay/result?" + url.Values{"reference": {payment.GetReference()}}.Encode()
	}
	return showPage(c, http.StatusOK, v)
}

// refreshed waits until payments has read the payment from the provider. The command expires with the wait: a payer who has gone
// needs no answer, and the provider's webhook brings the same information.
func (p *Provider) refreshed(c echo.Context, ref string) (*paymentsv1.Payment, error) {
	ctx, cancel := web.Calling(c, p.ReturnWait)
	defer cancel()
	call, err := p.Commands.Send(ctx, gate.Pass{}, command.ProviderUpdate, &paymentsv1.ProviderUpdate{Reference: ref, Source: "return"},
		paying.Meta(c, time.Now().Add(p.ReturnWait)))
	if err != nil {
		return nil, err
	}
	defer call.Close()
	reply, err := call.Next(ctx)
	switch {
	case err != nil:
		return nil, errors.Join(errs.New(errs.Unavailable, "The payment's state is not known yet."), err)
	case reply.GetErrorCode() == string(errs.NotFoundCode):
		return nil, errs.NotFound("Payment")
	case reply.GetStage() == paymentsv1.CommandReply_STAGE_REFUSED || reply.GetPayment() == nil:
		return nil, errs.New(errs.Unavailable, "The payment's state is not known yet.")
	}
	return reply.GetPayment(), nil
}

// asksPerMinute limits how often payers are sent to approve a cancellation, in case the bank's page redirects back at once.
const asksPerMinute = 3

// approval returns where the payer approves the cancellation of the payment; "" if none is waiting for approval.
func approval(p *paymentsv1.Payment) string {
	if p.GetStatus() != "pending_sca" || p.GetStatusDetail() != "cancelling" || paying.WebURL(p.GetAuthorisationUrl()) == nil {
		return ""
	}
	return p.GetAuthorisationUrl()
}

func (p *Provider) mayAsk(c echo.Context, ref string) bool {
	d, err := p.Limiter.Allow(c.Request().Context(), "approval:"+ref, asksPerMinute)
	return d.Allowed && err == nil
}
