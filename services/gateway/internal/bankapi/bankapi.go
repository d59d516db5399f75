// Package bankapi lists the banks that a payer can pay from.
package bankapi

import (
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const readTimeout = 5 * time.Second

// kinds are the values of execution_type.
var kinds = []string{"instant", "first_open_day", "deferred", "periodic"}

// Deps are what New needs.
type Deps struct {
	Banks  paymentsv1.BanksServiceClient
	Access *caller.Access
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	g.GET("/gateway/banks", a.list, a.Access.ForAccount(rights.PaymentsRead))
}

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &paymentsv1.ListBanksRequest{
		Livemode: caller.AccountOf(c).Livemode, Country: f.Country("country"), Search: f.Text("search", paying.MaxBankSearch),
		ExecutionType: f.OneOf("execution_type", kinds), AmountCents: int64(f.Amount("amount")), WithIncompatible: f.Bool("incompatible", false),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, readTimeout, a.Banks.ListBanks, req)
	if err != nil {
		return fmt.Errorf("list banks: %w", err)
	}
	return web.List(c, paying.Banks(got.GetBanks()), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}
