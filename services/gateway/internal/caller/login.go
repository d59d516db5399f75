package caller

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// Login lets a request pass that carries the login token of a user with one of the roles, as often as Limits say. The user and the
// session are looked up each time: who is disabled or logged out is out at once, not when the token expires.
func (a *Access) Login(roles ...rights.Role) echo.MiddlewareFunc {
	return a.admit(door{roles: roles, audiences: []user.Audience{user.Portal}})
}

// CustomerLogin is Login for customers of the app.
func (a *Access) CustomerLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: []rights.Role{rights.RoleCustomer}, audiences: []user.Audience{user.Customer}})
}

// AnyLogin is Login and CustomerLogin together, for what all users have: passwords and sessions.
func (a *Access) AnyLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: everybody, audiences: both, factorless: true})
}

// UnverifiedLogin is AnyLogin, and also admits users who have not verified their address.
func (a *Access) UnverifiedLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: everybody, audiences: both, unverified: true, factorless: true})
}

var both = []user.Audience{user.Portal, user.Customer}

// door says which logins are admitted.
type door struct {
	roles     []rights.Role
	audiences []user.Audience
	// unverified: also who has not verified an address. factorless: also who lacks a second factor that the account must have.
	unverified, factorless bool
}

func (a *Access) admit(d door) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
			p, err := a.identify(c, d.audiences)
			if err != nil {
				return err
			}
			if err := d.check(p); err != nil {
				return err
			}
			if a.deps.Users.LacksFactor(p) && !d.factorless {
				return errs.New(errs.FactorRequired, "Set up a second factor first: an authenticator app with POST /auth/mfa/totp and then "+
					"POST /auth/mfa/totp/confirm, or a passkey with POST /auth/passkeys/options and then POST /auth/passkeys.")
			}
			Set(c, Caller{Login: p})
			return next(c)
		}
	}
}

func (d door) check(p user.Presence) error {
	if !slices.Contains(d.roles, p.Role) {
		return errs.New(errs.Forbidden, "Your role may not do this.")
	}
	if p.Unverified && !d.unverified {
		return errs.New(errs.EmailNotVerified, "Verify your email address first: send the code from the mail to POST /auth/verify-email. "+
			"POST /auth/verify-email/resend sends another.")
	}
	return nil
}

// Fresh requires a login to have proven recently that it is the user's, for actions that give away money or access. API keys
// pass: nobody could answer for them.
func (a *Access) Fresh(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := a.CheckProof(c); err != nil {
			return err
		}
		return next(c)
	}
}

// CheckProof returns STEP_UP_REQUIRED for a login whose last proof is too old, and nil for an API key.
func (a *Access) CheckProof(c echo.Context) error {
	p := Of(c).Login
	if p.SessionID == "" {
		return nil
	}
	return a.deps.Users.CheckProof(p)
}

// RefundLimit returns how much of one payment a login without a fresh proof may give back, all refunds together, and the STEP_UP_REQUIRED that answers
// more; nil: any amount. API keys are not asked for a proof.
func (a *Access) RefundLimit(c echo.Context, m merchant.Merchant) (most *int64, stale, err error) {
	if m.RefundStepUpAbove == nil {
		return nil, nil, nil
	}
	switch stale := a.CheckProof(c); {
	case stale == nil:
		return nil, nil, nil
	case !errs.Is(stale, errs.StepUpRequired):
		return nil, nil, stale
	default:
		return new(int64(*m.RefundStepUpAbove)), stale, nil
	}
}

func (a *Access) identify(c echo.Context, audiences []user.Audience) (user.Presence, error) {
	id, err := a.deps.Tokens.Verify(bearer(c.Request()), audiences...)
	if err != nil {
		return user.Presence{}, err
	}
	if err := a.limitUser(c, id); err != nil { // the token is ours, so the user is who it says
		return user.Presence{}, err
	}
	// What the database says now counts, not what was true when the token was issued.
	p, err := a.deps.Users.Present(c.Request().Context(), id)
	if err != nil {
		return user.Presence{}, err
	}
	return p, a.limitMerchant(c, p)
}

// bearer returns the token of the Authorization header; empty if there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
