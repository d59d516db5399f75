package portalapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// deviceOf tells where the request comes from.
func deviceOf(c echo.Context) account.Device {
	h := c.Request().Header
	return account.Device{IP: web.ClientIP(c), UserAgent: h.Get("User-Agent"), Language: language(h.Get("Accept-Language"))}
}

// language is "fr" for who names French first, and "en" otherwise.
func language(accept string) string {
	first, _, _ := strings.Cut(accept, ",")
	tag, _, _ := strings.Cut(strings.TrimSpace(first), ";")
	if primary, _, _ := strings.Cut(tag, "-"); strings.EqualFold(primary, "fr") {
		return "fr"
	}
	return "en"
}

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
func loginView(current string) func(account.Login) loginRow {
	return func(l account.Login) loginRow {
		row := loginRow{
			ID: l.ID, UserAgent: l.UserAgent, Device: account.DeviceName(l.UserAgent), CreatedAt: web.Time(l.CreatedAt),
			LastUsedAt: web.Time(l.LastUsedAt), ExpiresAt: web.Time(l.Ends), Current: l.ID == current,
		}
		if l.IP.IsValid() {
			row.IP = orNull(l.IP.String())
		}
		return row
	}
}

func (a *API) sessions(c echo.Context) error {
	id := IdentityOf(c)
	list, err := a.accounts.Users.Logins(c.Request().Context(), id.UserID)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(list, loginView(id.SessionID), false))
}

func (a *API) endSession(c echo.Context) error {
	if err := a.accounts.Users.EndLogin(c.Request().Context(), IdentityOf(c).UserID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) endOtherSessions(c echo.Context) error {
	id := IdentityOf(c)
	if err := a.accounts.Users.EndOtherLogins(c.Request().Context(), id.UserID, id.SessionID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
