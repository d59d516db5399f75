package portalapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

const identityInContext = "eupay.identity"

// IdentityOf is the user whom Login, CustomerLogin, LoginOrKey or KeyOrLogin let in.
func IdentityOf(c echo.Context) account.Identity {
	p := presenceOf(c)
	return account.Identity{UserID: p.ID, Role: p.Role, MerchantID: p.MerchantID, SessionID: p.SessionID}
}

func presenceOf(c echo.Context) account.Presence {
	p, _ := c.Get(identityInContext).(account.Presence)
	return p
}

// Login lets a request pass that carries the login token of a user with one of the roles, as often as Limits say. The user and the
// session are looked up each time: who is disabled or logged out is out at once, not when the token expires.
func (a *API) Login(roles ...account.Role) echo.MiddlewareFunc {
	return a.admit(door{roles: roles, audiences: []account.Audience{account.Portal}})
}

// CustomerLogin is Login for customers of the app.
func (a *API) CustomerLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: []account.Role{account.RoleCustomer}, audiences: []account.Audience{account.Customer}})
}

// anyLogin is Login and CustomerLogin in one, for what all people have: passwords and sessions.
func (a *API) anyLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: everybody, audiences: both, factorless: true})
}

// unverifiedLogin is anyLogin for who has not verified an address, too.
func (a *API) unverifiedLogin() echo.MiddlewareFunc {
	return a.admit(door{roles: everybody, audiences: both, unverified: true, factorless: true})
}

var (
	everybody = append(slices.Clone(anyone), account.RoleCustomer)
	both      = []account.Audience{account.Portal, account.Customer}
)

// door is who is let in with a login.
type door struct {
	roles     []account.Role
	audiences []account.Audience
	// unverified: also who has not verified an address. factorless: also who lacks a second factor that the account must have.
	unverified, factorless bool
}

func (a *API) admit(d door) echo.MiddlewareFunc {
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
			if a.accounts.Users.LacksFactor(p) && !d.factorless {
				return errs.New(errs.FactorRequired, "Set up a second factor first: an authenticator app with POST /auth/mfa/totp and then "+
					"POST /auth/mfa/totp/confirm, or a passkey with POST /auth/passkeys/options and then POST /auth/passkeys.")
			}
			c.Set(identityInContext, p)
			return next(c)
		}
	}
}

func (d door) check(p account.Presence) error {
	if !slices.Contains(d.roles, p.Role) {
		return errs.New(errs.Forbidden, "Your role may not do this.")
	}
	if p.Unverified && !d.unverified {
		return errs.New(errs.EmailNotVerified, "Verify your email address first: send the code from the mail to POST /auth/verify-email. "+
			"POST /auth/verify-email/resend sends another.")
	}
	return nil
}

// fresh lets a login pass that has lately proven to be the user's: for what gives money or access away. An API key, which opens
// some of it too, has no one to ask.
func (a *API) fresh(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := a.CheckProof(c); err != nil {
			return err
		}
		return next(c)
	}
}

// CheckProof is STEP_UP_REQUIRED for a login whose last proof is too old, and nil for an API key.
func (a *API) CheckProof(c echo.Context) error {
	p := presenceOf(c)
	if p.SessionID == "" {
		return nil
	}
	return a.accounts.Users.CheckProof(p)
}

func (a *API) identify(c echo.Context, audiences []account.Audience) (account.Presence, error) {
	id, err := a.accounts.Tokens.Verify(bearer(c.Request()), audiences...)
	if err != nil {
		return account.Presence{}, err
	}
	if err := a.limitUser(c, id); err != nil { // the token is ours, so the user is who it says
		return account.Presence{}, err
	}
	// What the database says now counts, not what it said when the token was made.
	p, err := a.accounts.Users.Present(c.Request().Context(), id)
	if err != nil {
		return account.Presence{}, err
	}
	return p, a.limitMerchant(c, account.Identity{UserID: p.ID, Role: p.Role, MerchantID: p.MerchantID})
}

// bearer is the token of the Authorization header, empty when there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// LoginOrKey lets in an API key with the scope or a user with one of the roles. Where a header of a key is there, the key
// decides: a wrong one is not made good by a login beside it. A request with neither is asked for a login: UNAUTHENTICATED.
// IdentityOf knows the user, KeyFrom the key.
func (a *API) LoginOrKey(scope account.Scope, roles ...account.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, false)
}

// KeyOrLogin is LoginOrKey for what mostly servers call: a request with neither is asked for a key, MISSING_CREDENTIALS.
func (a *API) KeyOrLogin(scope account.Scope, roles ...account.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, true)
}

func (a *API) either(scope account.Scope, roles []account.Role, keyFirst bool) echo.MiddlewareFunc {
	byKey, byLogin := a.keyAuth(scope), a.Login(roles...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		withKey, withLogin := byKey(next), byLogin(next)
		return func(c echo.Context) error {
			h := c.Request().Header
			key := h.Get("X-Api-Key") != "" || h.Get("X-Api-Secret") != ""
			if key || keyFirst && h.Get(echo.HeaderAuthorization) == "" {
				c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
				return withKey(c)
			}
			return withLogin(c)
		}
	}
}

// owned is the account and mode that a request about webhooks is for.
type owned struct {
	merchantID string
	livemode   bool
}

// ownedBy tells whose webhooks the request is about. A key has a mode; a user names it in the body or the query, and
// means test mode otherwise. body is nil when the body does not say.
func (a *API) ownedBy(c echo.Context, body *bool) (owned, error) {
	asked, err := askedMode(c, body)
	if err != nil {
		return owned{}, err
	}
	key, ok := a.keyFrom(c)
	if !ok {
		return owned{IdentityOf(c).MerchantID, asked != nil && *asked}, nil
	}
	if asked != nil && *asked != key.Livemode {
		return owned{}, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be that of the API key, or absent."})
	}
	return owned{key.Merchant.ID, key.Livemode}, nil
}

// OwnerOf is the account and the mode that a request is for: those of its API key, or the user's account and the mode that
// the query names, test mode otherwise. It refuses a mode that is not the key's.
func (a *API) OwnerOf(c echo.Context) (merchantID string, livemode bool, err error) {
	of, err := a.ownedBy(c, nil)
	return of.merchantID, of.livemode, err
}

func askedMode(c echo.Context, body *bool) (*bool, error) {
	if !c.QueryParams().Has("livemode") {
		return body, nil
	}
	text := c.QueryParam("livemode")
	live := text == "true"
	if !live && text != "false" {
		return nil, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be true or false."})
	}
	if body != nil && *body != live {
		return nil, errs.Invalid(errs.Field{Field: "livemode", Message: "livemode differs between the body and the query."})
	}
	return &live, nil
}

// noStore keeps credentials out of every cache on the way.
func noStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return next(c)
	}
}
