package caller

import (
	"context"
	"slices"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// The roles that may do things.
var (
	// Team are all people of a merchant. An accountant only reads.
	Team = []rights.Role{rights.RoleMerchant, rights.RoleStaff, rights.RoleAccountant}
	// Staff are those who do the daily work.
	Staff = []rights.Role{rights.RoleMerchant, rights.RoleStaff}
	// Owner alone decides about money and credentials.
	Owner = []rights.Role{rights.RoleMerchant}
	// Admin works for the platform and belongs to no merchant.
	Admin = []rights.Role{rights.RoleAdmin}

	portalUsers = append(slices.Clone(Team), rights.RoleAdmin)
	everybody   = append(slices.Clone(portalUsers), rights.RoleCustomer)
)

// Tokens verifies login tokens: user.Tokens.
type Tokens interface {
	Verify(token string, audiences ...user.Audience) (user.Identity, error)
}

// Users knows who is logged in: user.Users.
type Users interface {
	Present(ctx context.Context, id user.Identity) (user.Presence, error)
	LacksFactor(p user.Presence) bool
	CheckProof(p user.Presence) error
}

// Merchants tells who a merchant is: merchant.Merchants.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Deps are the dependencies of New.
type Deps struct {
	Keys      Authenticator
	Tokens    Tokens
	Users     Users
	Merchants Merchants
	Limiter   ratelimit.Limiter
	// PerMinute is the number of calls per minute of a key that has no limit of its own.
	PerMinute int
	// Limits apply to logged-in users.
	Limits Limits
}

// Access decides who may call. Make it with New.
type Access struct{ deps Deps }

// New returns the checks of the API.
func New(d Deps) *Access { return &Access{d} }

// LoginOrKey lets in an API key with the scope or a user with one of the roles. Where a header of a key is there, the key
// decides: a wrong one is not made good by a login beside it. A request with neither is asked for a login: UNAUTHENTICATED.
func (a *Access) LoginOrKey(scope rights.Scope, roles ...rights.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, false)
}

// KeyOrLogin is LoginOrKey for what mostly servers call: a request with neither is asked for a key, MISSING_CREDENTIALS.
func (a *Access) KeyOrLogin(scope rights.Scope, roles ...rights.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, true)
}

func (a *Access) either(scope rights.Scope, roles []rights.Role, keyFirst bool) echo.MiddlewareFunc {
	byKey, byLogin := a.Key(scope), a.Login(roles...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		withKey, withLogin := byKey(next), byLogin(next)
		return func(c echo.Context) error {
			h := c.Request().Header
			key := h.Get(headerKey) != "" || h.Get(headerSecret) != ""
			if key || keyFirst && h.Get(echo.HeaderAuthorization) == "" {
				c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
				return withKey(c)
			}
			return withLogin(c)
		}
	}
}

// Account is the current merchant of a request, and the mode.
type Account struct {
	Merchant merchant.Merchant
	Livemode bool
}

const accountInContext = "eupay.account"

// AccountOf returns the account of a request that ForAccount admitted.
func AccountOf(c echo.Context) Account {
	of, _ := c.Get(accountInContext).(Account)
	return of
}

// SetAccount stores the account for the handlers. ForAccount calls it.
func SetAccount(c echo.Context, of Account) { c.Set(accountInContext, of) }

// ForAccount lets in an API key with the scope, or a user whose role stands for it, and reads the merchant. A user may do no more than the
// scope says: so whatever a key may not see, a login may not see either.
func (a *Access) ForAccount(scope rights.Scope) echo.MiddlewareFunc {
	either := a.KeyOrLogin(scope, rights.RolesWith(scope)...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return either(func(c echo.Context) error {
			of, err := a.accountOf(c)
			if err != nil {
				return err
			}
			SetAccount(c, of)
			return next(c)
		})
	}
}

func (a *Access) accountOf(c echo.Context) (Account, error) {
	if key := Of(c).Key; key != nil {
		return Account{key.Merchant, key.Livemode}, nil
	}
	whose, err := WhoseOf(c, nil)
	if err != nil {
		return Account{}, err
	}
	m, err := a.deps.Merchants.Get(c.Request().Context(), whose.MerchantID)
	return Account{m, whose.Livemode}, err
}
