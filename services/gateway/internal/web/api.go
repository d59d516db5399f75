package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
)

// Query lists the query parameters of a route.
type Query struct {
	// Names of the parameters.
	Names map[string]bool
	// Open permits additional parameters, such as those that a bank adds when it redirects a payer back to us.
	Open bool
}

// API registers routes below a path. A route refuses query parameters that its description does not name, because a list whose
// filter is misspelt would return everything. They are checked after the route's middleware, like the body.
type API struct {
	group *echo.Group
	query func(method, path string) Query
}

// NewAPI returns the routes of e below base. query returns the parameters of a route by its path below base ("/orders/:id").
func NewAPI(e *echo.Echo, base string, query func(method, path string) Query) *API {
	return &API{e.Group(base), query}
}

// GET registers a route.
func (a *API) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.add(http.MethodGet, path, h, m)
}

// POST registers a route.
func (a *API) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.add(http.MethodPost, path, h, m)
}

// PUT registers a route.
func (a *API) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.add(http.MethodPut, path, h, m)
}

// PATCH registers a route.
func (a *API) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.add(http.MethodPatch, path, h, m)
}

// DELETE registers a route.
func (a *API) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.add(http.MethodDelete, path, h, m)
}

// OPTIONS registers the route for preflight requests, with which browsers ask before a call from another origin. It accepts any
// query.
func (a *API) OPTIONS(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	a.group.OPTIONS(path, h, m...)
}

func (a *API) add(method, path string, h echo.HandlerFunc, m []echo.MiddlewareFunc) {
	takes := a.query(method, path)
	a.group.Add(method, path, func(c echo.Context) error {
		if err := takes.check(c.Request().URL.RawQuery); err != nil {
			return err
		}
		return h(c)
	}, m...)
}

func (q Query) check(raw string) error {
	if raw == "" || q.Open {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return errs.Invalid(errs.Field{Field: "query", Message: "The query of the URL is not valid: escape what is not a letter or a digit with %."})
	}
	var bad refuse.Problems
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch shown := join("", name); {
		case len(bad) == maxReports:
		case !q.Names[name]:
			bad.Add(shown, "is not a query parameter of this endpoint%s", q.list())
		case len(values[name]) > 1:
			bad.Add(shown, "is given more than once")
		}
	}
	return bad.Err()
}

// list returns the names for an error message.
func (q Query) list() string {
	if len(q.Names) == 0 {
		return ", which takes none"
	}
	return fmt.Sprintf(", which takes %s", strings.Join(slices.Sorted(maps.Keys(q.Names)), ", "))
}
