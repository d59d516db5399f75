// Package roomtest serves the pages of one room over an API that a test plays.
package roomtest

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/migrations"
)

// Now is the time of the pages.
var Now = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// Room is the pages of one room, and a browser that is logged in.
type Room struct {
	t      *testing.T
	url    string
	cookie string

	mu sync.Mutex
	// answers are what the API says, by method and path: a status and a body.
	answers map[string]answer
	asked   []string
}

type answer struct {
	status int
	body   string
}

// New serves the pages to somebody with the role.
func New(t *testing.T, role eupay.Role, register func(*web.Site) error) *Room {
	t.Helper()
	r := &Room{t: t, answers: map[string]answer{}}
	me, err := json.Marshal(map[string]any{
		"id": "00000000-0000-7000-8000-000000000001", "email": "olga@example.com",
		"role": role, "merchant_id": "00000000-0000-7000-8000-000000000002",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Answer("GET /auth/me", http.StatusOK, string(me))
	api := httptest.NewServer(http.HandlerFunc(r.api))
	t.Cleanup(api.Close)
	pool, _ := pgtest.New(t, "portal", migrations.FS)
	sealer, err := vault.New("portal", strings.Repeat("0", 63)+"1")
	if err != nil {
		t.Fatal(err)
	}
	client := eupay.New("", "", eupay.Options{BaseURL: api.URL, Retries: -1})
	now := func() time.Time { return Now }
	sessions := session.New(pool, sealer, client, now)
	site, err := web.New(web.Deps{API: client, Sessions: sessions, Log: slog.New(slog.DiscardHandler), Now: now, PublicURL: "http://portal.test", APIURL: "http://api.test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := register(site); err != nil {
		t.Fatal(err)
	}
	handler, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(handler)
	t.Cleanup(pages.Close)
	r.url = pages.URL
	if _, r.cookie, err = sessions.Begin(t.Context(), eupay.Session{Token: "t", RefreshToken: "r", ExpiresIn: 900, Role: role}); err != nil {
		t.Fatal(err)
	}
	return r
}

// Answer sets what the API says to a request, such as "GET /merchant/api-keys".
func (r *Room) Answer(request string, status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[request] = answer{status, body}
}

func (r *Room) api(w http.ResponseWriter, hr *http.Request) {
	body, err := io.ReadAll(hr.Body)
	request := hr.Method + " " + strings.TrimPrefix(hr.URL.Path, "/api/v1")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request+" "+string(body))
	a, ok := r.answers[request]
	if !ok || err != nil {
		a = answer{http.StatusNotFound, `{"code":"NOT_FOUND","message":"Not found."}`}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	io.WriteString(w, a.body) //nolint:errcheck // the client has gone
}

// Asked is the last request with that beginning that the API got, with its body; empty: none.
func (r *Room) Asked(request string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.asked) - 1; i >= 0; i-- {
		if strings.HasPrefix(r.asked[i], request+" ") {
			return r.asked[i]
		}
	}
	return ""
}

// Get opens a page and returns its status and text.
func (r *Room) Get(path string) (int, string) {
	status, text, _ := r.do(http.MethodGet, path, nil)
	return status, text
}

// Post sends a form and returns the status, the text and where it leads.
func (r *Room) Post(path string, pairs ...string) (int, string, string) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return r.do(http.MethodPost, path, form)
}

func (r *Room) do(method, path string, form url.Values) (int, string, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", "eupay="+r.cookie)
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header.Get("Location")
}
