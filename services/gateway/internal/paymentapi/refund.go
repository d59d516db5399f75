package paymentapi

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// MayRefund returns the pass to refund an amount of a payment; not given: all of it. Errors: those of the gate, and STEP_UP_REQUIRED.
func (p *Payments) MayRefund(c echo.Context, of caller.Account, ref string, amount web.Amount) (gate.Pass, error) {
	pass, err := gate.ForMerchant(of.Merchant, of.Livemode)
	if err != nil {
		return gate.Pass{}, err
	}
	return pass, p.checkRefund(c, of, ref, amount)
}

// Refund makes a refund of a payment of the pass's merchant. The same reference or key makes one. Without a reference it gets a new one.
func (p *Payments) Refund(c echo.Context, pass gate.Pass, r paying.Refund) (paying.Outcome, error) {
	if r.Reference == "" {
		r.Reference = reference.Refund(p.Now())
	}
	return p.Sender.Refund(c.Request().Context(), web.RequestID(c), pass, r)
}

// checkRefund returns STEP_UP_REQUIRED for a login without a fresh proof if the refunds of a payment exceed what its merchant
// allows without one. Earlier refunds count, so many small ones do not avoid the limit. Neither do concurrent ones, which are not
// recorded yet: the second within a minute requires a proof whatever its amount.
func (p *Payments) checkRefund(c echo.Context, of caller.Account, ref string, amount web.Amount) error {
	above := of.Merchant.RefundStepUpAbove
	if above == nil {
		return nil
	}
	stale := p.Access.CheckProof(c)
	if !errs.Is(stale, errs.StepUpRequired) {
		return stale
	}
	first, err := p.Limiter.Allow(c.Request().Context(), "refund:"+ref, 1)
	if err != nil {
		return fmt.Errorf("count refunds of payment: %w", err)
	}
	total, err := p.givenBack(c, of, ref, amount)
	if err != nil {
		return err
	}
	if !first.Allowed || total > *above {
		return stale
	}
	return nil
}

// givenBack returns the sum of all refunds of a payment, including this one.
func (p *Payments) givenBack(c echo.Context, of caller.Account, ref string, amount web.Amount) (money.Cents, error) {
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	if !amount.Given() { // all of the payment
		resp, err := p.Reads.GetPayment(ctx, &paymentsv1.GetPaymentRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Reference: ref})
		if err != nil {
			return 0, fmt.Errorf("read payment to refund: %w", err)
		}
		return money.Cents(resp.GetPayment().GetAmountCents()), nil
	}
	resp, err := p.Reads.ListRefunds(ctx, &paymentsv1.ListRefundsRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Reference: ref})
	if err != nil {
		return 0, fmt.Errorf("read refunds of payment: %w", err)
	}
	total := amount.Cents()
	for _, r := range resp.GetRefunds() {
		if s := r.GetStatus(); s == "failed" || s == "cancelled" {
			continue
		}
		if total, err = total.Add(money.Cents(r.GetAmountCents())); err != nil {
			return 0, fmt.Errorf("add up refunds of payment: %w", err)
		}
	}
	return total, nil
}
