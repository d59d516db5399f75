package payerapi

import (
	"cmp"
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// banks lists the banks from which a merchant's own code can be paid: in the mode of its payments, and for the amount of the code if it has one.
func (a *API) banks(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	code, err := a.decode(ctx, c.QueryParam("qrData"))
	if err != nil {
		return err
	}
	if code.GetGatewayReference() != "" {
		return errOfPayment()
	}
	livemode, err := a.modeOf(ctx, code)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &paymentsv1.ListBanksRequest{
		Livemode: livemode, Country: f.Country("country"), Search: f.Text("search", paying.MaxBankSearch), ExecutionType: "instant",
		AmountCents:      int64(cmp.Or(money.Cents(code.GetAmountCents()), f.Amount("amount"))),
		WithIncompatible: f.Bool("incompatible", false), Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := a.Banks.ListBanks(ctx, req)
	if err != nil {
		return fmt.Errorf("list banks: %w", err)
	}
	return web.List(c, paying.Banks(got.GetBanks()), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}

// errOfPayment is for a code that is not a merchant's own.
func errOfPayment() error {
	return errs.New(errs.InvalidState, "This code pays a payment that exists. Open its paymentUrl, which POST /qr/preview gives.")
}
