package portalapi

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) updateMember(c echo.Context) error {
	var in struct {
		Role     *account.Role `json:"role"`
		Disabled *bool         `json:"disabled"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Role == nil && in.Disabled == nil {
		return nothingToDo("role, disabled")
	}
	who := caller.Of(c).Login
	u, err := a.accounts.Users.UpdateMember(c.Request().Context(), account.ByUser(who.ID), who.MerchantID, c.Param("id"),
		account.MemberChange{Role: in.Role, Disabled: in.Disabled})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, userView(u))
}

func (a *API) removeMember(c echo.Context) error {
	who := caller.Of(c).Login
	if err := a.accounts.Users.RemoveMember(c.Request().Context(), account.ByUser(who.ID), who.MerchantID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
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
	return web.Answer(c, http.StatusOK, userView(u))
}

type auditEntry struct {
	ID         string         `json:"id"`
	CreatedAt  string         `json:"created_at"`
	Actor      string         `json:"actor"`
	ActorEmail *string        `json:"actor_email"`
	Action     string         `json:"action"`
	Target     string         `json:"target"`
	Outcome    string         `json:"outcome"`
	Detail     map[string]any `json:"detail"`
}

func auditView(e account.AuditEntry) auditEntry {
	v := auditEntry{
		ID: strconv.FormatInt(e.ID, 10), CreatedAt: web.Time(e.At), Actor: e.Actor, ActorEmail: orNull(e.ActorEmail), Action: e.Action, Target: e.Target,
		Outcome: "success", Detail: map[string]any{},
	}
	for name, value := range e.Detail {
		if text, ok := value.(string); ok && name == "outcome" {
			v.Outcome = text
			continue
		}
		v.Detail[name] = value
	}
	return v
}

func (a *API) audit(c echo.Context) error { return a.auditOf(c, caller.Of(c).MerchantID()) }

func (a *API) auditOfMerchant(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.auditOf(c, m.ID)
}

func (a *API) auditOf(c echo.Context, merchantID string) error {
	_, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	text, err := web.After(c)
	if err != nil {
		return err
	}
	var after int64
	if text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 1 {
			return errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of an entry."})
		}
	}
	list, more, err := a.accounts.Users.Audit(c.Request().Context(), merchantID, after, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(list, auditView, more))
}
