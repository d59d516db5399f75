package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/trace"
)

const maxRequestID = 64

// RequestID returns the id of the request, which is in the X-Request-Id header of the answer and in the log.
func RequestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// requestID keeps the caller's id if it is safe in a log and a header, and otherwise generates one.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !plainID(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func plainID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := range len(s) {
		b := s[i]
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		if !letter && b != '.' && b != '_' && b != '-' {
			return false
		}
	}
	return true
}

// traced starts the trace of the request, which has the route's name and never the path. It begins here: a traceparent of the caller
// is only a link.
func traced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, method := c.Request(), knownMethod(c.Request().Method)
		ctx, span := trace.Edge(r.Context(), r.Header.Get(trace.Header), trace.Server, method, trace.Method(method), trace.RequestID(RequestID(c)))
		c.SetRequest(r.WithContext(ctx))
		defer func() {
			status := c.Response().Status
			span.Rename(method + " " + route(c))
			span.Set(trace.Route(route(c)), trace.Status(status))
			if status >= http.StatusInternalServerError {
				span.Fail(strconv.Itoa(status))
			}
			span.End(nil)
		}()
		return next(c)
	}
}

// secured sets headers that suit an API. A page overrides what it needs.
func secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// textual refuses a URL that is not valid text (invalid UTF-8, or NUL) before any handler or database gets it. Users who return
// from a bank are admitted with whatever the bank has appended to the URL, because their pages do not show it.
func textual(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if strings.HasSuffix(c.Path(), "/return") {
			return next(c)
		}
		if !isText(u.Path) {
			return errs.Invalid(noText("url"))
		}
		if u.RawQuery == "" {
			return next(c)
		}
		var bad refuse.Problems
		for name, values := range u.Query() {
			if !isText(name) {
				return errs.Invalid(noText("url"))
			}
			if slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
				bad = append(bad, noText(name))
			}
		}
		if len(bad) > 0 {
			slices.SortFunc(bad, func(a, b errs.Field) int { return strings.Compare(a.Field, b.Field) })
			return bad.Err()
		}
		return next(c)
	}
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func noText(field string) errs.Field {
	return errs.Field{Field: field, Message: field + " is not valid UTF-8 text. Encode it as UTF-8, percent-encoded, without NUL."}
}

// logged renders the handler's error, measures the request and logs it: the route with harmless parameters, never a query, a
// header or a body. Successful reads are logged at debug level, because there are thousands per second. So are the refusals of a
// flood, which are counted nevertheless.
func logged(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			if err := next(c); err != nil {
				c.Error(err)
			}
			r, status, took := c.Request(), c.Response().Status, time.Since(start)
			requestSeconds.WithLabelValues(knownMethod(r.Method), route(c), strconv.Itoa(status)).Observe(took.Seconds())
			level := slog.LevelInfo
			plainRead := status < http.StatusBadRequest && (r.Method == http.MethodGet || r.Method == http.MethodHead)
			if plainRead || status == http.StatusTooManyRequests || status == http.StatusUnauthorized {
				level = slog.LevelDebug
			}
			if log.Enabled(r.Context(), level) {
				log.LogAttrs(r.Context(), level, "request", slog.String("request_id", RequestID(c)), slog.String("method", knownMethod(r.Method)),
					slog.String("route", route(c)), slog.String("path", loggedPath(c)), slog.Int("status", status),
					slog.Int64("micros", took.Microseconds()), slog.Int64("bytes", c.Response().Size), slog.String("ip", c.RealIP()))
			}
			return nil
		}
	}
}

// route returns the pattern of the route, so that there are few metric labels.
func route(c echo.Context) string {
	if p := c.Path(); p != "" && c.Response().Status != http.StatusMethodNotAllowed {
		return p
	}
	return "none"
}

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// harmless are parameters that only name something: references, ids and numbers. Others may be capabilities, such as the token of
// a table.
var harmless = regexp.MustCompile(`^(?:(?:PAY|REF|SUB|SUP|INV|CN)-[0-9A-Za-z-]{1,40}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]{1,18})$`)

// loggedPath returns the route with the values of harmless parameters; for an unknown path, its beginning.
func loggedPath(c echo.Context) string {
	pattern := c.Path()
	if route(c) == "none" || c.Response().Status == http.StatusNotFound && len(c.ParamNames()) == 0 {
		parts := strings.SplitN(c.Request().URL.Path, "/", 5)
		begin := strings.Join(parts[:min(len(parts), 4)], "/")
		return strings.ToValidUTF8(begin[:min(len(begin), 80)], "")
	}
	for i, name := range c.ParamNames() {
		if value := c.ParamValues()[i]; harmless.MatchString(value) {
			pattern = strings.Replace(pattern, ":"+name, value, 1)
		}
	}
	return pattern
}

// recovered turns a panic into an internal error of the request.
func recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				err = fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// NoStore prevents caches from storing credentials.
func NoStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return next(c)
	}
}
