package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// What scripts of the origins that are let in may send, and may read besides the body.
const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Api-Key, X-Api-Secret, X-Request-Id"
	corsExposed = "X-Request-Id, Idempotent-Replayed, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Content-Disposition"
	corsSeconds = "600"
)

// CheckOrigins reports origins that could never match: a browser sends scheme, host and port, without a path.
func CheckOrigins(origins []string) error {
	var bad []error
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != o || strings.Contains(o, "*") {
			bad = append(bad, fmt.Errorf("%q is not an origin such as https://docs.example.com", o))
		}
	}
	return errors.Join(bad...)
}

// CORS lets pages of exactly these origins call the API. No credentials of the browser are ever sent: a key or a token is in a header that
// the page's user has typed. Requests of other origins, and of no origin, are untouched: routes that are open to every page say so
// themselves. A preflight needs no route of its own.
func CORS(origins []string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, h := c.Request(), c.Response().Header()
			h.Add(echo.HeaderVary, echo.HeaderOrigin)
			origin := r.Header.Get(echo.HeaderOrigin)
			if !slices.Contains(origins, origin) {
				return next(c)
			}
			h.Set(echo.HeaderAccessControlAllowOrigin, origin)
			h.Set(echo.HeaderAccessControlExposeHeaders, corsExposed)
			if r.Method != http.MethodOptions || r.Header.Get(echo.HeaderAccessControlRequestMethod) == "" {
				// A handler that is open to every origin may say so instead; that is no less.
				return next(c)
			}
			h.Set(echo.HeaderAccessControlAllowMethods, corsMethods)
			h.Set(echo.HeaderAccessControlAllowHeaders, corsHeaders)
			h.Set(echo.HeaderAccessControlMaxAge, corsSeconds)
			return c.NoContent(http.StatusNoContent)
		}
	}
}
