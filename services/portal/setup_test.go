package portal

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/boot"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api stands in for the public API. A login token is the role that it speaks for.
type api struct {
	*httptest.Server
	mu sync.Mutex
	// answers are given by method and path, in place of 404.
	answers map[string]func(http.ResponseWriter, *http.Request)
	// refreshed has the refresh tokens that were used, and how often.
	refreshed map[string]int
	seen      []*http.Request
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{answers: make(map[string]func(http.ResponseWriter, *http.Request)), refreshed: make(map[string]int)}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	answer := a.answers[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1")]
	a.seen = append(a.seen, r)
	a.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case answer != nil:
		answer(w, r)
	case r.URL.Path == "/api/v1/auth/me":
		merchant := "6a2f41a3-c54c-4c0b-8a3c-0d1a52a3f6a1"
		if token == "admin" || token == "customer" {
			merchant = ""
		}
		reply(w, 200, map[string]any{"id": "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", "email": token + "@example.com", "role": token, "merchant_id": merchant, "email_verified": true})
	case r.URL.Path == "/api/v1/auth/refresh":
		a.refresh(w, r)
	default:
		refuse(w, 404, "NOT_FOUND")
	}
}

// refresh gives the next token, once for each.
func (a *api) refresh(w http.ResponseWriter, r *http.Request) {
	var body struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		refuse(w, 400, "VALIDATION_ERROR")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refreshed[body.RefreshToken]++; a.refreshed[body.RefreshToken] > 1 {
		refuse(w, 401, "UNAUTHENTICATED")
		return
	}
	reply(w, 200, map[string]any{"token": "merchant", "refresh_token": body.RefreshToken + "+", "expires_in": 900, "role": "merchant"})
}

// on gives an answer in place of 404.
func (a *api) on(route string, answer func(http.ResponseWriter, *http.Request)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[route] = answer
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	reply(w, status, map[string]any{"success": false, "code": code, "message": "It was refused."})
}

// world is a portal with its database, over an API that stands in.
type world struct {
	t     *testing.T
	api   *api
	clock *testclock.Clock
	*Service
	// browser does not follow redirects and keeps no cookies.
	browser *http.Client
	base    string
}

func setup(t *testing.T, changes ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, api: newAPI(t), clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	cfg := Config{
		Plain:    boot.Plain{DatabaseURL: pgtest.Database(t, "portal", migrations.FS), DatabaseConns: 4},
		HTTPAddr: "127.0.0.1:0", APIURL: w.api.URL, PublicURL: "http://portal.example", MasterKey: strings.Repeat("07", 32), Development: true,
	}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := New(t.Context(), cfg, boot.Deps{Log: slog.New(slog.DiscardHandler), Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w.Service = s
	server := httptest.NewServer(s.server.Handler)
	t.Cleanup(server.Close)
	w.base = server.URL
	w.browser = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

// login is the cookie of somebody with that role; empty: nobody.
func (w *world) login(role eupay.Role) string {
	w.t.Helper()
	if role == "" {
		return ""
	}
	_, cookie, err := w.pages.Sessions.Begin(w.t.Context(), eupay.Session{Token: eupay.Secret(role), RefreshToken: "r-" + eupay.Secret(role), ExpiresIn: 900})
	if err != nil {
		w.t.Fatal(err)
	}
	return "eupay=" + cookie + "; eupay-app=" + cookie
}

// answer is what a browser got.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request as a page of the portal does. A body is a form.
func (w *world) send(method, path, cookie, form string, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(form))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.browser.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := copyBody(&b, res); err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, b.String()}
}
