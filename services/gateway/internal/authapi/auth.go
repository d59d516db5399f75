package authapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type session struct {
	Token        string      `json:"token"`
	RefreshToken string      `json:"refresh_token"`
	ExpiresIn    int64       `json:"expires_in"` // seconds of token
	Role         rights.Role `json:"role"`
	MerchantID   *string     `json:"merchant_id"` // null for admins and customers
}

// missingFactor is the answer to a correct password if the user also has a second factor.
type missingFactor struct {
	MFARequired bool     `json:"mfa_required"`
	Ticket      string   `json:"ticket"`
	ExpiresIn   int64    `json:"expires_in"` // seconds of ticket
	Methods     []string `json:"methods"`
}

func missingFactorView(s user.Session) missingFactor {
	v := missingFactor{MFARequired: true, Ticket: s.Ticket, ExpiresIn: int64(s.ExpiresIn.Seconds())}
	if s.TakesCode {
		v.Methods = append(v.Methods, "code")
	}
	if s.TakesPasskey {
		v.Methods = append(v.Methods, "passkey")
	}
	return v
}

func sessionView(s user.Session) session {
	return session{
		Token: s.Token, RefreshToken: s.RefreshToken, ExpiresIn: int64(s.ExpiresIn.Seconds()), Role: s.Role, MerchantID: web.OrNull(s.MerchantID),
	}
}

func (a *API) register(c echo.Context) error {
	var in struct {
		Email       string  `json:"email"`
		Password    string  `json:"password"`
		Name        *string `json:"name"`
		LegalStatus *string `json:"legal_status"`
		SIREN       *string `json:"siren"`
		IBAN        *string `json:"iban"`
		BIC         *string `json:"bic"`
		AccountName *string `json:"account_name"`
		LegalName   *string `json:"legal_name"`
		Address     *string `json:"address"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	s, err := a.accounts.Users.Register(c.Request().Context(), user.Registration{
		Email: in.Email, Password: in.Password,
		Profile: merchant.Change{
			Name: in.Name, LegalStatus: in.LegalStatus, SIREN: in.SIREN, IBAN: in.IBAN, BIC: in.BIC,
			AccountName: in.AccountName, LegalName: in.LegalName, Address: in.Address,
		},
	}, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, sessionView(s))
}

func (a *API) registerCustomer(c echo.Context) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Name     string `json:"name"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	s, err := a.accounts.Users.RegisterCustomer(c.Request().Context(), in.Email, in.Password, in.Name, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, sessionView(s))
}

func (a *API) login(audience user.Audience) echo.HandlerFunc {
	return func(c echo.Context) error {
		var in struct {
			Email    string `json:"email"`
			Password string `json:"password"`
		}
		if err := web.Decode(c, &in); err != nil {
			return err
		}
		if err := web.Required("email", in.Email, "password", in.Password); err != nil {
			return err
		}
		s, err := a.accounts.Users.Login(c.Request().Context(), in.Email, in.Password, audience, caller.DeviceOf(c))
		if err != nil {
			return err
		}
		if s.Ticket != "" {
			return web.Answer(c, http.StatusOK, missingFactorView(s))
		}
		return web.Answer(c, http.StatusOK, sessionView(s))
	}
}

// refresh and logout serve both portal and app: the token determines the user.
func (a *API) refresh(c echo.Context) error {
	token, err := refreshToken(c)
	if err != nil {
		return err
	}
	s, err := a.accounts.Users.Refresh(c.Request().Context(), token)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, sessionView(s))
}

// logout requires no login token, because it may have expired. The refresh token alone may end the login.
func (a *API) logout(c echo.Context) error {
	token, err := refreshToken(c)
	if err != nil {
		return err
	}
	if err := a.accounts.Users.Logout(c.Request().Context(), token); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func refreshToken(c echo.Context) (string, error) {
	var in struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := web.Decode(c, &in); err != nil {
		return "", err
	}
	return in.RefreshToken, web.Required("refresh_token", in.RefreshToken)
}

func (a *API) me(c echo.Context) error {
	return web.Answer(c, http.StatusOK, shape.UserOf(caller.Of(c).Login.User))
}
