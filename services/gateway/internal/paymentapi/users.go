package paymentapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/account"
)

// Users lets people with a login in where API keys may go; portalapi.API does.
type Users interface {
	// KeyOrLogin lets in a key with the scope or a user with one of the roles.
	KeyOrLogin(scope account.Scope, roles ...account.Role) echo.MiddlewareFunc
	// OwnerOf is the account and the mode that a request is for.
	OwnerOf(c echo.Context) (merchantID string, livemode bool, err error)
	// CheckProof is STEP_UP_REQUIRED for a user who has not lately proven to be the user, and nil for a key.
	CheckProof(c echo.Context) error
}

// Merchants tells who a merchant is, or NOT_FOUND. account.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string) (account.Merchant, error)
}

// allow lets a request pass that an API key with the scope makes, or a user whose role stands for it.
func (p *Payments) allow(scope account.Scope) echo.MiddlewareFunc {
	if p.Users == nil {
		return p.Access.Require(scope)
	}
	either := p.Users.KeyOrLogin(scope, account.RolesWith(scope)...)
	return func(next echo.HandlerFunc) echo.HandlerFunc { return either(p.asKey(scope, next)) }
}

// asKey makes a user look like a key of the merchant, in the mode of the request and with no more than the scope that the role
// stands for: so whatever a key may not see, a login may not see either.
func (p *Payments) asKey(scope account.Scope, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := KeyFrom(c); ok {
			return next(c)
		}
		id, live, err := p.Users.OwnerOf(c)
		if err != nil {
			return err
		}
		m, err := p.Merchants.Get(c.Request().Context(), id)
		if err != nil {
			return err
		}
		c.Set(keyInContext, account.Key{Merchant: m, Livemode: live, Scopes: []account.Scope{scope}})
		return next(c)
	}
}
