package authapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) changePassword(c echo.Context) error {
	var in struct {
		CurrentPassword string `json:"current_password"`
		NewPassword     string `json:"new_password"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("current_password", in.CurrentPassword, "new_password", in.NewPassword); err != nil {
		return err
	}
	if err := a.accounts.Users.ChangePassword(c.Request().Context(), caller.Of(c).Login, in.CurrentPassword, in.NewPassword, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// forgotPassword gives the same answer for every address.
func (a *API) forgotPassword(c echo.Context) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := a.accounts.Users.Forgot(c.Request().Context(), in.Email, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

func (a *API) resetPassword(c echo.Context) error {
	var in struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("token", in.Token, "password", in.Password); err != nil {
		return err
	}
	if err := a.accounts.Users.ResetPassword(c.Request().Context(), in.Token, in.Password, caller.DeviceOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
