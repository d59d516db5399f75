// Package apidoctest compares a running server with the API description: it validates every answer that a test gets, and compares
// the routes with the operations.
package apidoctest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/apidoc"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Base is the base path of all operations.
const Base = "/api/v1"

// Validator validates answers.
type Validator struct {
	doc    *openapi3.T
	router routers.Router
}

// asText decodes a body as one string.
func asText(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	b, err := io.ReadAll(body)
	return string(b), err
}

// New loads the description, which the tests of apidoc check, once for all tests of a package.
func New(t testing.TB) *Validator {
	t.Helper()
	v, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var load = sync.OnceValues(func() (*Validator, error) {
	openapi3filter.RegisterBodyDecoder("text/html", asText)
	openapi3filter.RegisterBodyDecoder("application/yaml", asText)
	openapi3filter.RegisterBodyDecoder("application/xml", asText)
	openapi3filter.RegisterBodyDecoder("text/event-stream", asText)
	for _, picture := range []string{
		"image/png", "image/jpeg", "image/svg+xml", "application/pdf", "text/csv", "application/x-ndjson", "application/vnd.star.starprnt", "application/vnd.star.line",
	} {
		openapi3filter.RegisterBodyDecoder(picture, asText)
	}
	merged, err := apidoc.Load()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(merged.JSON)
	if err != nil {
		return nil, fmt.Errorf("load API description: %w", err)
	}
	doc.Servers = openapi3.Servers{{URL: Base}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("route API description: %w", err)
	}
	return &Validator{doc: doc, router: router}, nil
})

// API returns the router on which a test registers its handlers. Each route accepts the query parameters that are described.
func API(t testing.TB, e *echo.Echo) *web.API {
	t.Helper()
	d, err := apidoc.Load()
	if err != nil {
		t.Fatal(err)
	}
	return web.NewAPI(e, Base, d.Query)
}

// Check fails the test if the answer to r does not match the description. It reads the body and puts it back. For requests that
// no operation describes it checks only the headers that every answer has.
func (v *Validator) Check(t testing.TB, r *http.Request, resp *http.Response) {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s %s: %d without X-Request-Id", r.Method, r.URL.Path, resp.StatusCode)
	}
	route, params, err := v.router.FindRoute(r)
	if err != nil {
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s: %d is not as described: %v\n%s", r.Method, r.URL.Path, resp.StatusCode, err, body)
	}
}

// Routes compares the routes below the base path with the operations, in both directions.
func (v *Validator) Routes(t testing.TB, e *echo.Echo) {
	t.Helper()
	var served, described []string
	for _, r := range e.Routes() {
		if path, ok := strings.CutPrefix(r.Path, Base); ok && r.Method != echo.RouteNotFound {
			served = append(served, r.Method+" "+braces(path))
		}
	}
	for path, item := range v.doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	for _, s := range served {
		if !slices.Contains(described, s) {
			t.Errorf("route %s is not described", s)
		}
	}
	for _, d := range described {
		if !slices.Contains(served, d) {
			t.Errorf("operation %s is not served", d)
		}
	}
}

// braces turns /a/:b into /a/{b}.
func braces(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
