package authapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// proof is the second factor in a request body.
type proof struct {
	Code         string `json:"code"`
	RecoveryCode string `json:"recovery_code"`
}

func (p proof) read() (user.Proof, error) {
	if (p.Code == "") == (p.RecoveryCode == "") {
		return user.Proof{}, errs.Invalid(errs.Field{Field: "code", Message: "Give either code or recovery_code."})
	}
	return user.Proof{Code: p.Code, RecoveryCode: p.RecoveryCode}, nil
}

func (a *API) verifyLogin(c echo.Context) error {
	var in struct {
		Ticket string `json:"ticket"`
		proof
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("ticket", in.Ticket); err != nil {
		return err
	}
	shown, err := in.read()
	if err != nil {
		return err
	}
	s, err := a.accounts.Users.VerifyLogin(c.Request().Context(), in.Ticket, shown, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, sessionView(s))
}

func (a *API) factor(c echo.Context) error {
	state, err := a.accounts.Users.Factor(c.Request().Context(), caller.Of(c).Login)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, struct {
		Enabled       bool    `json:"enabled"`
		EnabledAt     *string `json:"enabled_at"`
		App           bool    `json:"app"`
		Passkeys      int     `json:"passkeys"`
		RecoveryCodes int     `json:"recovery_codes_left"`
		Required      bool    `json:"required"`
	}{state.Since != nil, web.OptionalTime(state.Since), state.App, state.Passkeys, state.RecoveryCodes, state.Required})
}

func (a *API) beginFactor(c echo.Context) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("password", in.Password); err != nil {
		return err
	}
	secret, url, err := a.accounts.Users.BeginFactor(c.Request().Context(), caller.Of(c).Login, in.Password)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, struct {
		Secret string `json:"secret"`
		URL    string `json:"otpauth_url"`
	}{secret, url})
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recovery_codes"`
}

func (a *API) confirmFactor(c echo.Context) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("code", in.Code); err != nil {
		return err
	}
	codes, err := a.accounts.Users.ConfirmFactor(c.Request().Context(), caller.Of(c).Login, in.Code, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, recoveryCodes{codes})
}

func shownFactor(c echo.Context) (user.Proof, error) {
	var in proof
	if err := web.Decode(c, &in); err != nil {
		return user.Proof{}, err
	}
	return in.read()
}

func (a *API) disableFactor(c echo.Context) error {
	shown, err := shownFactor(c)
	if err != nil {
		return err
	}
	if err := a.accounts.Users.DisableFactor(c.Request().Context(), caller.Of(c).Login, shown, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// newRecoveryCodes accepts the session's fresh proof if the body has none.
func (a *API) newRecoveryCodes(c echo.Context) error {
	var in proof
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	var shown user.Proof
	if in != (proof{}) || !caller.Of(c).Login.HasPasskey {
		var err error
		if shown, err = in.read(); err != nil {
			return err
		}
	}
	codes, err := a.accounts.Users.NewRecoveryCodes(c.Request().Context(), caller.Of(c).Login, shown, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, recoveryCodes{codes})
}

// stepUp requires the second factor from users who have one, and the password from the others.
func (a *API) stepUp(c echo.Context) error {
	var in struct {
		Password string `json:"password"`
		proof
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	who := caller.Of(c).Login
	var shown user.Proof
	err := web.Required("password", in.Password)
	if who.HasFactor {
		shown, err = in.read()
	}
	if err != nil {
		return err
	}
	if err := a.accounts.Users.StepUp(c.Request().Context(), who, in.Password, shown, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
