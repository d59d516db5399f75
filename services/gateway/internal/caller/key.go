package caller

import (
	"context"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// The headers of an API request.
const (
	headerKey    = "X-Api-Key"
	headerSecret = "X-Api-Secret"
)

// DefaultPerMinute is the rate limit of a key that has no limit of its own.
const DefaultPerMinute = 100

// Authenticator verifies a key pair used from an address. Errors: INVALID_API_KEY, INVALID_SECRET, and IP_NOT_ALLOWED for an
// address that may not use the key, in which case an unknown secret is not even compared.
type Authenticator interface {
	Authenticate(ctx context.Context, public, secret string, from netip.Addr) (apikey.Key, error)
}

// Key lets a request pass whose API key is good for the scope. The order of the checks is part of the API reference:
// headers, key, secret, access enabled, address, rate limit, scope. Only the first use of a secret from an address that may
// not use the key is refused for the address before the secret is compared: that is what is expensive.
func (a *Access) Key(scope rights.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			key, err := a.authenticate(c)
			if err != nil {
				return err
			}
			if err := a.admitKey(c, key); err != nil {
				return err
			}
			if !key.Has(scope) {
				return errs.New(errs.InsufficientScope, "This API key lacks the scope %s.", scope)
			}
			Set(c, Caller{Key: &key})
			return next(c)
		}
	}
}

func (a *Access) authenticate(c echo.Context) (apikey.Key, error) {
	h := c.Request().Header
	public, secret := strings.TrimSpace(h.Get(headerKey)), strings.TrimSpace(h.Get(headerSecret))
	if public == "" || secret == "" {
		return apikey.Key{}, errs.New(errs.MissingCredentials, "Send your API key in the headers X-Api-Key and X-Api-Secret.")
	}
	return a.deps.Keys.Authenticate(c.Request().Context(), public, secret, web.ClientIP(c))
}

// admitKey checks what does not depend on the endpoint.
func (a *Access) admitKey(c echo.Context, key apikey.Key) error {
	if !key.Merchant.GatewayEnabled {
		return errs.NotEnabled(false)
	}
	if !key.Allows(web.ClientIP(c)) {
		return apikey.ErrNotAllowed()
	}
	limit := key.PerMinute
	if limit <= 0 {
		limit = a.deps.PerMinute
	}
	return web.Limited(c, a.deps.Limiter, "key:"+key.ID, key.Merchant.Limits.OfKey(limit))
}
