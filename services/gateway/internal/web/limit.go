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

// Limited counts a call of the key, or refuses it with RATE_LIMIT_EXCEEDED and the seconds to wait. The headers of the answer
// show the state of the limit.
func Limited(c echo.Context, limiter ratelimit.Limiter, key string, limit int) error {
	d, err := limiter.Allow(c.Request().Context(), key, limit)
	if err != nil {
		return err
	}
	showLimit(c.Response().Header(), d)
	if d.Allowed {
		callsAllowed.Inc()
		return nil
	}
	callsRefused.Inc()
	e := errs.New(errs.RateLimitExceeded, "Too many requests: wait retry_after seconds before the next one.")
	e.RetryAfter = max(d.Reset, time.Millisecond)
	return e
}

// Headers that let a caller stay below its limit (the IETF draft "RateLimit header fields for HTTP").
const (
	headerRateLimit     = "RateLimit-Limit"
	headerRateRemaining = "RateLimit-Remaining"
	headerRateReset     = "RateLimit-Reset"
	headerRatePolicy    = "RateLimit-Policy"
)

// ExposedHeaders may be read by pages of another origin in every answer.
const ExposedHeaders = "Retry-After, " + headerRateLimit + ", " + headerRateRemaining + ", " + headerRateReset + ", " + headerRatePolicy + ", X-Request-Id"

// showLimit sets the headers; of several limits, those of the one that will be reached first.
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
