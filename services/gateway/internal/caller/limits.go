package caller

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits are the calls per minute of logged-in users. Reads are GET, writes are all other methods. A merchant's limits apply to
// all of its users together.
type Limits struct {
	// UserReads and UserWrites are the calls per minute of one user, MerchantReads and MerchantWrites those of all users of a merchant.
	UserReads      int `env:"EUPAY_USER_READS" envDefault:"600"`
	UserWrites     int `env:"EUPAY_USER_WRITES" envDefault:"60"`
	MerchantReads  int `env:"EUPAY_MERCHANT_READS" envDefault:"3000"`
	MerchantWrites int `env:"EUPAY_MERCHANT_WRITES" envDefault:"300"`
}

// DefaultLimits apply if no others are configured. A page of the portal makes up to ten reads.
var DefaultLimits = Limits{UserReads: 600, UserWrites: 60, MerchantReads: 3000, MerchantWrites: 300}

// Validate refuses limits that admit no calls.
func (l Limits) Validate() error {
	if min(l.UserReads, l.UserWrites, l.MerchantReads, l.MerchantWrites) < 1 {
		return fmt.Errorf("EUPAY_USER_READS, EUPAY_USER_WRITES, EUPAY_MERCHANT_READS and EUPAY_MERCHANT_WRITES must be at least 1")
	}
	return nil
}

// anonymousPerMinute limits the calls of one address before login: more than a household or an office makes.
const anonymousPerMinute = 300

// limitUser counts a call of the user.
func (a *Access) limitUser(c echo.Context, id user.Identity) error {
	return a.limit(c, "user:"+id.UserID, a.deps.Limits.UserReads, a.deps.Limits.UserWrites)
}

// limitMerchant counts a call of the user's merchant, whose limits an admin may have set.
func (a *Access) limitMerchant(c echo.Context, p user.Presence) error {
	if p.MerchantID == "" {
		return nil
	}
	reads, writes := a.deps.Limits.MerchantReads, a.deps.Limits.MerchantWrites
	if p.Reads != nil {
		reads = *p.Reads
	}
	if p.Writes != nil {
		writes = *p.Writes
	}
	return a.limit(c, "merchant:"+p.MerchantID, reads, writes)
}

// Limits are those of every merchant and user.
func (a *Access) Limits() Limits { return a.deps.Limits }

func (a *Access) limit(c echo.Context, who string, reads, writes int) error {
	if m := c.Request().Method; m == http.MethodGet || m == http.MethodHead {
		return web.Limited(c, a.deps.Limiter, "read:"+who, reads)
	}
	return web.Limited(c, a.deps.Limiter, "write:"+who, writes)
}

// Anonymous limits the calls of one address to endpoints that require no login.
func (a *Access) Anonymous(next echo.HandlerFunc) echo.HandlerFunc {
	return web.PerIP(a.deps.Limiter, "login", anonymousPerMinute)(next)
}
