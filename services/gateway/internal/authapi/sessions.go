package authapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type loginRow struct {
	ID         string  `json:"id"`
	UserAgent  string  `json:"user_agent"`
	Device     string  `json:"device"`
	IP         *string `json:"ip"` // null for logins from before addresses were kept
	CreatedAt  string  `json:"created_at"`
	LastUsedAt string  `json:"last_used_at"`
	ExpiresAt  string  `json:"expires_at"`
	Current    bool    `json:"current"`
}

// loginView shows a session to the user of the session with the id current.
func loginView(current string) func(user.Login) loginRow {
	return func(l user.Login) loginRow {
		row := loginRow{
			ID: l.ID, UserAgent: l.UserAgent, Device: device.Name(l.UserAgent), CreatedAt: web.Time(l.CreatedAt),
			LastUsedAt: web.Time(l.LastUsedAt), ExpiresAt: web.Time(l.Ends), Current: l.ID == current,
		}
		if l.IP.IsValid() {
			row.IP = web.OrNull(l.IP.String())
		}
		return row
	}
}

func (a *API) sessions(c echo.Context) error {
	who := caller.Of(c).Login
	list, err := a.accounts.Users.Logins(c.Request().Context(), who.ID)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(list, loginView(who.SessionID), false))
}

func (a *API) endSession(c echo.Context) error {
	if err := a.accounts.Users.EndLogin(c.Request().Context(), caller.Of(c).Login.ID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) endOtherSessions(c echo.Context) error {
	who := caller.Of(c).Login
	if err := a.accounts.Users.EndOtherLogins(c.Request().Context(), who.ID, who.SessionID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
