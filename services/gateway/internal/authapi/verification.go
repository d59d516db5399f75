package authapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) verifyEmail(c echo.Context) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("token", in.Token); err != nil {
		return err
	}
	if err := a.accounts.Users.VerifyEmail(c.Request().Context(), caller.Of(c).Login, in.Token); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) resendVerification(c echo.Context) error {
	if err := a.accounts.Users.ResendVerification(c.Request().Context(), caller.Of(c).Login, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

func (a *API) changeUnverifiedEmail(c echo.Context) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := a.accounts.Users.ChangeUnverifiedEmail(c.Request().Context(), caller.Of(c).Login, in.Email, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}
