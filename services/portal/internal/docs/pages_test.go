package docs

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// site serves the pages with an API that answers, or does not.
func site(t *testing.T, answers func() bool) (http.Handler, *time.Time) {
	t.Helper()
	raw, err := apiDescription()
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers() || r.URL.Path != "/api/v1/openapi.json" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw)
	}))
	t.Cleanup(api.Close)
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s, err := web.New(web.Deps{
		API: eupay.New("", "", eupay.Options{BaseURL: api.URL, Retries: -1}), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		PublicURL: "https://eupay.example", APIURL: "https://eupay.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Register(s); err != nil {
		t.Fatal(err)
	}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h, &now
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPagesAreServed(t *testing.T) {
	t.Parallel()
	h, _ := site(t, func() bool { return true })
	for path, want := range map[string]int{
		"/": 200, "/docs": 200, "/docs/payments": 200, "/docs.md": 200, "/docs/payments.md": 200, "/llms.txt": 200, "/docs/search.json": 200, "/docs/openapi.json": 200,
		"/docs/errors.json": 200, "/docs/examples.json": 200, "/docs/search?q=refund": 200, "/docs/none": 404, "/docs/none.md": 404, "/docs/index": 404, "/nothing": 404,
	} {
		if w := get(h, path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := get(h, "/docs/payments", "Accept-Encoding", "br")
	if w.Header().Get("Content-Encoding") != "br" || w.Body.Len() > 60<<10 {
		t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
	}
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "connect-src 'self' https://api.european-pay.eu https://dev.eupayv1apis.european-pay.fr;") {
		t.Error(csp)
	}
	if again := get(h, "/docs/payments", "If-None-Match", w.Header().Get("Etag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%d with the same tag", again.Code)
	}
	if french := get(h, "/docs/payments", "Accept-Language", "fr"); !strings.Contains(french.Body.String(), `<html lang="fr"`) || french.Header().Get("Etag") == w.Header().Get("Etag") {
		t.Error("the frame is not in French")
	}
	if dark := get(h, "/docs/payments", "Cookie", "__Host-eupay-theme=dark; eupay-theme=dark"); !strings.Contains(dark.Body.String(), `data-theme="dark"`) {
		t.Error("the theme is not the reader's")
	}
}

// TestTheReferenceComesWhenTheAPIAnswers: pages are served without it, and have it soon after.
func TestTheReferenceComesWhenTheAPIAnswers(t *testing.T) {
	t.Parallel()
	up := false
	h, now := site(t, func() bool { return up })
	if w := get(h, "/docs/payments"); w.Code != 200 || !strings.Contains(w.Body.String(), "does not answer right now") || !strings.Contains(w.Body.String(), "Payment Statuses") {
		t.Errorf("%d without the API", w.Code)
	}
	up = true
	*now = now.Add(again + time.Second)
	if w := get(h, "/docs/payments"); !strings.Contains(w.Body.String(), `data-try="createPayment"`) {
		t.Error("no reference although the API answers")
	}
	up = false
	*now = now.Add(fresh + time.Second)
	if w := get(h, "/docs/payments"); !strings.Contains(w.Body.String(), `data-try="createPayment"`) {
		t.Error("what was read is forgotten when the API does not answer")
	}
}
