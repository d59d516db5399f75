// Package adminapi is the API for the platform's administrators: they list merchants, enable the gateway for them, read their
// audit logs and disable users. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package adminapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Deps are the dependencies of New.
type Deps struct {
	Accounts *directory.Directory
	Access   *caller.Access
}

// API has the handlers. Make it with New.
type API struct {
	accounts *directory.Directory
	access   *caller.Access
}

// New returns the API.
func New(d Deps) *API { return &API{accounts: d.Accounts, access: d.Access} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	login := a.access.Login(caller.Admin...)
	g.GET("/admin/merchants", a.merchants, login)
	g.GET("/admin/merchants/:id", a.merchant, login)
	g.POST("/admin/merchants/:id/gateway", a.enableGateway, login)
	g.GET("/admin/merchants/:id/audit", a.auditOfMerchant, login)
	g.GET("/admin/merchants/:id/users", a.usersOfMerchant, login)
	g.GET("/admin/merchants/:id/api-keys", a.keysOfMerchant, login)
	g.GET("/admin/merchants/:id/limits", a.limits, login)
	g.PUT("/admin/merchants/:id/limits", a.setLimits, login, a.access.Fresh)
	g.PATCH("/admin/users/:id", a.updateUser, login, a.access.Fresh)
}

func (a *API) merchants(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	list, total, err := a.find(c, number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, shape.MerchantOf, number, limit, total))
}

func (a *API) find(c echo.Context, number, limit int) ([]merchant.Merchant, int64, error) {
	if c.QueryParams().Has("search") {
		return a.accounts.Merchants.Search(c.Request().Context(), c.QueryParam("search"), number, limit)
	}
	return a.accounts.Merchants.List(c.Request().Context(), number, limit)
}

func (a *API) merchant(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.MerchantOf(m))
}

func (a *API) enableGateway(c echo.Context) error {
	var in struct {
		Enabled *bool `json:"enabled"`
		Live    *bool `json:"live"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Enabled == nil {
		return errs.Invalid(errs.Field{Field: "enabled", Message: "enabled is required: true or false."})
	}
	if !*in.Enabled && in.Live != nil && *in.Live {
		return errs.Invalid(errs.Field{Field: "live", Message: "live cannot be true for a merchant that is not enabled."})
	}
	m, err := a.accounts.Merchants.Enable(c.Request().Context(), audit.ByUser(caller.Of(c).Login.ID), c.Param("id"), *in.Enabled, in.Live)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.MerchantOf(m))
}

func (a *API) updateUser(c echo.Context) error {
	var in struct {
		Disabled *bool `json:"disabled"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Disabled == nil {
		return errs.Invalid(errs.Field{Field: "disabled", Message: "disabled is required: true or false."})
	}
	u, err := a.accounts.Users.SetDisabled(c.Request().Context(), caller.Of(c).Login, c.Param("id"), *in.Disabled)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.UserOf(u))
}

func (a *API) auditOfMerchant(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return shape.AuditLog(c, a.accounts.Audit, m.ID)
}
