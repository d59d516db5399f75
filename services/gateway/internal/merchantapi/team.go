package merchantapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) updateMember(c echo.Context) error {
	var in struct {
		Role     *rights.Role `json:"role"`
		Disabled *bool        `json:"disabled"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Role == nil && in.Disabled == nil {
		return web.NothingToDo("role, disabled")
	}
	who := caller.Of(c).Login
	u, err := a.accounts.Users.UpdateMember(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, c.Param("id"),
		user.MemberChange{Role: in.Role, Disabled: in.Disabled})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.UserOf(u))
}

func (a *API) removeMember(c echo.Context) error {
	who := caller.Of(c).Login
	if err := a.accounts.Users.RemoveMember(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) audit(c echo.Context) error {
	return shape.AuditLog(c, a.accounts.Audit, caller.Of(c).MerchantID())
}
