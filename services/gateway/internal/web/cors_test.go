package web

import (
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

const docsOrigin = "https://docs.example.com"

func corsServer() *echo.Echo {
	e := New(quiet, nil)
	e.Use(CORS([]string{docsOrigin}))
	e.POST("/pay", func(c echo.Context) error { return OK(c, 200, "x") })
	return e
}

func TestAPageOfAnAllowedOriginMayCall(t *testing.T) {
	t.Parallel()
	w := serve(corsServer(), "POST", "/pay", "Origin", docsOrigin)
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != docsOrigin {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, name := range []string{"X-Request-Id", "Idempotent-Replayed", "Retry-After"} {
		if !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("%s is not exposed", name)
		}
	}
	if w.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Error("the browser may send its own credentials")
	}
}

func TestAPreflightIsAnswered(t *testing.T) {
	t.Parallel()
	w := serve(corsServer(), "OPTIONS", "/pay", "Origin", docsOrigin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-api-key")
	h := w.Header()
	if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != docsOrigin || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "X-Api-Secret") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
		t.Errorf("%d %v", w.Code, h)
	}
}

func TestOtherOriginsAreNotLetIn(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://evil.example", docsOrigin + ".evil.example", "http://docs.example.com", docsOrigin + ":8443", "null", ""} {
		for _, method := range []string{"POST", "OPTIONS"} {
			w := serve(corsServer(), method, "/pay", "Origin", origin, "Access-Control-Request-Method", "POST")
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s from %q: %s", method, origin, name)
				}
			}
		}
	}
}

func TestOriginsAreChecked(t *testing.T) {
	t.Parallel()
	if err := CheckOrigins([]string{docsOrigin, "http://localhost:8090"}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"*", "docs.example.com", docsOrigin + "/", "https://docs.example.com/docs", "ftp://x.example", "", "null", "https://*.example.com"} {
		if CheckOrigins([]string{bad}) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
