package gateway

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// unlimited are the routes without a limit, and why.
var unlimited = map[string]string{
	"GET /api/v1/openapi.json":                            "a file in memory",
	"GET /api/v1/openapi.yaml":                            "a file in memory",
	"GET /static/product-images/:name":                    "a file in memory",
	"POST /api/v1/webhooks/powens":                        "its signature is checked first, and the provider stops sending after ten refusals",
	"OPTIONS /api/v1/gateway/payments/:reference/status":  "a browser asks before its call, which counts",
	"OPTIONS /api/v1/table-order/menu/:merchantId/:token": "a browser asks before its call, which counts",
	"OPTIONS /api/v1/table-order/orders/:id":              "a browser asks before its call, which counts",
}

var parameter = regexp.MustCompile(`:[a-zA-Z_]+`)

// Every admitted request counts, whoever the caller is: a new route without a limit fails here.
func TestEveryRouteHasALimit(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, false, func(c *Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	w.admins(`{"enabled":true}`)
	callers := map[string][]string{
		"nobody": nil, "a key": w.keys[false], "the owner": bearer(w.owner), "a customer": bearer(w.customer), "an admin": bearer(w.admin),
	}
	routes := 0
	for _, r := range w.s.echo.Routes() {
		route := r.Method + " " + r.Path
		if strings.HasPrefix(r.Method, "echo_") || unlimited[route] != "" {
			continue
		}
		routes++
		limited := false
		for name, headers := range callers {
			header, code := w.headers(r.Method, strings.TrimPrefix(parameter.ReplaceAllString(r.Path, "x"), "/api/v1"), w.elsewhere(headers))
			switch {
			case header.Get("RateLimit-Policy") != "":
				limited = true
			case code != errs.Unauthenticated && code != errs.MissingCredentials:
				t.Errorf("%s: %s is let in without a limit (%s)", route, name, code)
			}
		}
		if !limited {
			t.Errorf("%s: nobody is let in, so nothing is known of its limit", route)
		}
	}
	if routes < 100 {
		t.Errorf("%d routes were tried", routes)
	}
}

// headers returns the headers of the answer, and the code of its error.
func (w *gateWorld) headers(method, path string, headers []string) (http.Header, errs.Code) {
	w.t.Helper()
	var header http.Header
	w.seen = func(r *http.Response) { header = r.Header }
	defer func() { w.seen = nil }()
	_, answer := w.call(method, path, "", headers...)
	code, _ := answer["code"].(string)
	return header, errs.Code(code)
}

// Drawings are expensive, so all kinds of pictures share a limit.
func TestDrawingsShareABoundOfTheirMerchant(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, false, func(c *Config) { c.Drawings = 1 })
	pictures := []string{
		"/gateway/payments/" + gatePayment + "/qr.png", "/gateway/payments/" + gatePayment + "/qr.svg", "/qr/merchant.png", "/qr/merchant.svg",
		"/qr/cards/merchant.pdf", "/table-order/tables/" + gateOrder + "/card.pdf", "/einvoice/invoices/" + gateOrder + "/pdf",
	}
	for i, path := range pictures {
		if _, code := w.headers("GET", path, bearer(w.owner)); (code == errs.RateLimitExceeded) != (i > 0) {
			t.Errorf("%s: %s", path, code)
		}
	}
	if _, code := w.headers("PUT", "/merchant/logo", bearer(w.owner)); code != errs.RateLimitExceeded {
		t.Errorf("a logo, which is drawn once to see that it can be: %s", code)
	}
	if _, code := w.headers("GET", "/merchant", bearer(w.owner)); code != "" {
		t.Errorf("what is not drawn is refused too: %s", code)
	}
}
