package adminapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) usersOfMerchant(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	list, total, err := a.accounts.Users.Team(c.Request().Context(), m.ID, number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, shape.UserOf, number, limit, total))
}

func (a *API) keysOfMerchant(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	list, total, err := a.accounts.Keys.List(c.Request().Context(), m.ID, number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, shape.KeyOf, number, limit, total))
}

// limits are those of one merchant; null is what every merchant has, which the defaults say.
type limits struct {
	Reads         *int `json:"reads_per_minute"`
	Writes        *int `json:"writes_per_minute"`
	KeyCalls      *int `json:"key_calls_per_minute"`
	DefaultReads  int  `json:"default_reads_per_minute"`
	DefaultWrites int  `json:"default_writes_per_minute"`
}

func (a *API) limitsOf(m merchant.Merchant) limits {
	every := a.access.Limits()
	return limits{m.Limits.Reads, m.Limits.Writes, m.Limits.KeyCalls, every.MerchantReads, every.MerchantWrites}
}

func (a *API) limits(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.limitsOf(m))
}

func (a *API) setLimits(c echo.Context) error {
	var in struct {
		Reads    *int `json:"reads_per_minute"`
		Writes   *int `json:"writes_per_minute"`
		KeyCalls *int `json:"key_calls_per_minute"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	by := audit.ByUser(caller.Of(c).Login.ID)
	m, err := a.accounts.Merchants.SetLimits(c.Request().Context(), by, c.Param("id"), merchant.Limits{Reads: in.Reads, Writes: in.Writes, KeyCalls: in.KeyCalls})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.limitsOf(m))
}
