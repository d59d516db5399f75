package paymentapi

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (p *Payments) get(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	resp, err := web.Call(c, readTimeout, p.Reads.GetPayment, &paymentsv1.GetPaymentRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("read payment: %w", err)
	}
	return web.OK(c, http.StatusOK, paying.View(resp.GetPayment()))
}

func (p *Payments) history(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	resp, err := web.Call(c, readTimeout, p.Reads.ListHistory, &paymentsv1.ListHistoryRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	return web.OK(c, http.StatusOK, changes(resp.GetEntries()))
}

func (p *Payments) refunds(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	resp, err := web.Call(c, readTimeout, p.Reads.ListRefunds, &paymentsv1.ListRefundsRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Reference: ref})
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	return web.OK(c, http.StatusOK, paying.Views(resp.GetRefunds()))
}

// status is public: merchants' pages poll it from the payer's browser.
func (p *Payments) status(c echo.Context) error {
	ref, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	resp, err := web.Call(c, readTimeout, p.Reads.GetPaymentStatus, &paymentsv1.GetPaymentStatusRequest{Reference: ref})
	if err != nil {
		return fmt.Errorf("read public status: %w", err)
	}
	return web.OK(c, http.StatusOK, publicStatus{
		Reference: resp.GetReference(), Status: resp.GetStatus(), Amount: money.Cents(resp.GetAmountCents()), Currency: resp.GetCurrency(),
	})
}

// anyOrigin lets pages of any origin read the answer, which contains nothing secret.
func anyOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderAccessControlAllowOrigin, "*")
		h.Set(echo.HeaderAccessControlExposeHeaders, web.ExposedHeaders)
		return next(c)
	}
}

func preflight(c echo.Context) error {
	h := c.Response().Header()
	h.Set(echo.HeaderAllow, "GET, OPTIONS")
	h.Set(echo.HeaderAccessControlAllowMethods, "GET")
	h.Set(echo.HeaderAccessControlAllowHeaders, "Content-Type, Authorization, Cache-Control, X-Request-Id")
	h.Set(echo.HeaderAccessControlMaxAge, "86400")
	return c.NoContent(http.StatusNoContent)
}
