package caller

import (
	"slices"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

// The roles that may do things.
var (
	// Team is everyone who belongs to a merchant. An accountant may only read.
	Team = []account.Role{account.RoleMerchant, account.RoleStaff, account.RoleAccountant}
	// Staff do the daily work.
	Staff = []account.Role{account.RoleMerchant, account.RoleStaff}
	// Owner decides about money and credentials.
	Owner = []account.Role{account.RoleMerchant}
	// Admin works for the platform and belongs to no merchant.
	Admin = []account.Role{account.RoleAdmin}

	portalUsers = append(slices.Clone(Team), account.RoleAdmin)
	everybody   = append(slices.Clone(portalUsers), account.RoleCustomer)
)

// Deps are the dependencies of New.
type Deps struct {
	Keys      Authenticator
	Tokens    *account.Tokens
	Users     *account.Users
	Merchants *account.Merchants
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

// LoginOrKey admits an API key with the scope or a user with one of the roles. If the request has a header of a key, the key
// decides: a login beside it does not make up for a wrong key. A request with neither gets UNAUTHENTICATED.
func (a *Access) LoginOrKey(scope account.Scope, roles ...account.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, false)
}

// KeyOrLogin is LoginOrKey for endpoints that are mostly called by servers: a request with neither gets MISSING_CREDENTIALS.
func (a *Access) KeyOrLogin(scope account.Scope, roles ...account.Role) echo.MiddlewareFunc {
	return a.either(scope, roles, true)
}

func (a *Access) either(scope account.Scope, roles []account.Role, keyFirst bool) echo.MiddlewareFunc {
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
	Merchant account.Merchant
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

// ForAccount admits an API key with the scope, or a user whose role corresponds to it, and reads the merchant. A user may do no
// more than the scope permits: what a key may not see, a login may not see either.
func (a *Access) ForAccount(scope account.Scope) echo.MiddlewareFunc {
	either := a.KeyOrLogin(scope, account.RolesWith(scope)...)
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
