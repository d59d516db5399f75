package authapi

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// shownPasskey is a browser's answer, as serialised by PublicKeyCredential.toJSON().
type shownPasskey struct {
	Credential json.RawMessage `json:"credential"`
}

func (s shownPasskey) check() error {
	if len(s.Credential) == 0 || s.Credential[0] != '{' {
		return errs.Invalid(errs.Field{Field: "credential", Message: "credential is required: the answer of the browser as JSON."})
	}
	return nil
}

func passkeyOf(c echo.Context) ([]byte, error) {
	var in shownPasskey
	if err := web.Decode(c, &in); err != nil {
		return nil, err
	}
	return in.Credential, in.check()
}

type passkey struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	AAGUID     string   `json:"aaguid"`
	Transports []string `json:"transports"`
	// Synced: copies may exist on other devices of the user; BackedUp: copies do exist.
	Synced     bool    `json:"synced"`
	BackedUp   bool    `json:"backed_up"`
	CreatedAt  string  `json:"created_at"`
	LastUsedAt *string `json:"last_used_at"`
}

func passkeyView(p user.Passkey) passkey {
	return passkey{
		ID: p.ID, Name: p.Name, AAGUID: p.Model(), Transports: p.Transports(), Synced: p.BackupEligible(), BackedUp: p.BackedUp(),
		CreatedAt: web.Time(p.CreatedAt), LastUsedAt: web.OptionalTime(p.LastUsedAt),
	}
}

func (a *API) passkeys(c echo.Context) error {
	list, err := a.accounts.Users.Passkeys(c.Request().Context(), caller.Of(c).Login.ID)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(list, passkeyView, false))
}

func (a *API) beginPasskey(c echo.Context) error {
	options, err := a.accounts.Users.BeginPasskey(c.Request().Context(), caller.Of(c).Login)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, options)
}

func (a *API) addPasskey(c echo.Context) error {
	var in struct {
		Name string `json:"name"`
		shownPasskey
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	p, codes, err := a.accounts.Users.AddPasskey(c.Request().Context(), caller.Of(c).Login, in.Name, in.Credential, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, struct {
		passkey
		recoveryCodes
	}{passkeyView(p), recoveryCodes{codes}})
}

func (a *API) renamePasskey(c echo.Context) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	p, err := a.accounts.Users.RenamePasskey(c.Request().Context(), caller.Of(c).Login.ID, c.Param("id"), in.Name)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, passkeyView(p))
}

func (a *API) removePasskey(c echo.Context) error {
	if err := a.accounts.Users.RemovePasskey(c.Request().Context(), caller.Of(c).Login, c.Param("id"), caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) passkeyForLogin(c echo.Context) error {
	options, err := a.accounts.Users.PasskeyForLogin(c.Request().Context(), caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, options)
}

func (a *API) loginWithPasskey(c echo.Context) error {
	credential, err := passkeyOf(c)
	if err != nil {
		return err
	}
	s, err := a.accounts.Users.LoginWithPasskey(c.Request().Context(), credential, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, sessionView(s))
}

func (a *API) passkeyForTicket(c echo.Context) error {
	var in struct {
		Ticket string `json:"ticket"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("ticket", in.Ticket); err != nil {
		return err
	}
	options, err := a.accounts.Users.PasskeyForTicket(c.Request().Context(), in.Ticket)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, options)
}

func (a *API) verifyLoginWithPasskey(c echo.Context) error {
	var in struct {
		Ticket string `json:"ticket"`
		shownPasskey
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("ticket", in.Ticket); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	s, err := a.accounts.Users.VerifyLoginWithPasskey(c.Request().Context(), in.Ticket, in.Credential, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, sessionView(s))
}

func (a *API) passkeyForStepUp(c echo.Context) error {
	options, err := a.accounts.Users.PasskeyForStepUp(c.Request().Context(), caller.Of(c).Login)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, options)
}

func (a *API) stepUpWithPasskey(c echo.Context) error {
	credential, err := passkeyOf(c)
	if err != nil {
		return err
	}
	if err := a.accounts.Users.StepUpWithPasskey(c.Request().Context(), caller.Of(c).Login, credential, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
