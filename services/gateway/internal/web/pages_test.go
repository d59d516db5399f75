package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// The portal counts by the caller's address. It got that of the proxy before the gateway, so that all browsers shared one count.
func TestThePortalLearnsTheCallersAddress(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	portal := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("X-Forwarded-For") }))
	t.Cleanup(portal.Close)
	for name, test := range map[string]struct{ peer, claim, want string }{
		"behind a proxy of ours": {"10.1.2.3:4000", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		"without a proxy":        {"192.0.2.1:4000", "203.0.113.9", "192.0.2.1"},
	} {
		e := New(slog.New(slog.DiscardHandler), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
		if err := RegisterPages(e, portal.URL, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/portal", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-For", test.claim)
		e.ServeHTTP(httptest.NewRecorder(), r)
		if got := <-seen; got != test.want {
			t.Errorf("%s: the portal sees %q, want %q", name, got, test.want)
		}
	}
}
