package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

// Limited counts a call of the key, or refuses it with RATE_LIMIT_EXCEEDED and the seconds to wait. The answer says where the
// caller stands.
func Limited(c echo.Context, limiter ratelimit.Limiter, key string, limit int) error {
	d, err := limiter.Allow(c.Request().Context(), key, limit)
	if err != nil {
		return err
	}
	showLimit(c.Response().Header(), d)
	if d.Allowed {
		return nil
	}
	e := errs.New(errs.RateLimitExceeded, "Too many requests: wait retry_after seconds before the next one.")
	e.RetryAfter = max(d.Reset, time.Millisecond)
	return e
}

// The headers by which a caller can stay below its limit (the draft "RateLimit header fields for HTTP" of the IETF).
const (
	headerRateLimit     = "RateLimit-Limit"
	headerRateRemaining = "RateLimit-Remaining"
	headerRateReset     = "RateLimit-Reset"
	headerRatePolicy    = "RateLimit-Policy"
)

// ExposedHeaders are those of every answer that a page of another origin may read.
const ExposedHeaders = "Retry-After, " + headerRateLimit + ", " + headerRateRemaining + ", " + headerRateReset + ", " + headerRatePolicy + ", X-Request-Id"

// showLimit tells the caller where it stands; of several limits, at the one that it reaches first.
func showLimit(h http.Header, d ratelimit.Decision) {
	if shown, err := strconv.Atoi(h.Get(headerRateRemaining)); err == nil && shown <= d.Remaining {
		return
	}
	h.Set(headerRateLimit, strconv.Itoa(d.Limit))
	h.Set(headerRateRemaining, strconv.Itoa(d.Remaining))
	h.Set(headerRateReset, strconv.FormatInt(Seconds(d.Reset), 10))
	h.Set(headerRatePolicy, fmt.Sprintf("%d;w=%d", d.Limit, Seconds(d.Window)))
}

// PerIP limits the calls of one address for one purpose.
func PerIP(limiter ratelimit.Limiter, purpose string, limit int) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := Limited(c, limiter, ratelimit.IPKey(purpose, ClientIP(c)), limit); err != nil {
				return err
			}
			return next(c)
		}
	}
}
