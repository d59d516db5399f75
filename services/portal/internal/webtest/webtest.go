// Package webtest serves pages to tests, over an API that the test makes up.
package webtest

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/migrations"
)

// Merchant is the id of the merchant whose users log in.
const Merchant = "01a229c5-c852-7730-8f69-3f1816d74d52"

// Now is when everything happens.
var Now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// Kit is a browser before a site.
type Kit struct {
	// URL is that of the site.
	URL string
	// Role of whoever logs in.
	Role eupay.Role

	t        *testing.T
	sessions *session.Store
	cookies  []*http.Cookie
}

// Serve serves pages that anybody may open, which talk to the API.
func Serve(t *testing.T, api http.Handler, register ...func(*web.Site) error) *Kit {
	t.Helper()
	return serve(t, api, false, register)
}

// ServeUsers serves pages that take a login; nobody is logged in at first. It needs a database.
func ServeUsers(t *testing.T, api http.Handler, register ...func(*web.Site) error) *Kit {
	t.Helper()
	return serve(t, api, true, register)
}

func serve(t *testing.T, api http.Handler, users bool, register []func(*web.Site) error) *Kit {
	t.Helper()
	k := &Kit{t: t, Role: eupay.RoleMerchant}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", http.StripPrefix("/api/v1", api))
	mux.HandleFunc("GET /api/v1/auth/me", func(w http.ResponseWriter, _ *http.Request) {
		Answer(w, http.StatusOK, map[string]any{"id": "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", "email": "who@example.com", "role": k.Role, "merchant_id": Merchant})
	})
	backend := httptest.NewServer(mux)
	t.Cleanup(backend.Close)
	client := eupay.New("", "", eupay.Options{BaseURL: backend.URL, Retries: -1})
	if users {
		pool, _ := pgtest.New(t, "portal", migrations.FS)
		v, err := vault.New("portal", strings.Repeat("01", 32))
		if err != nil {
			t.Fatal(err)
		}
		k.sessions = session.New(pool, v, client, now)
	}
	front := httptest.NewUnstartedServer(nil)
	k.URL = "http://" + front.Listener.Addr().String()
	site, err := web.New(web.Deps{
		API: client, Sessions: k.sessions, Log: slog.New(slog.DiscardHandler), Now: now, PublicURL: k.URL, APIURL: k.URL,
		Images: []string{"https://pictures.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range register {
		if err := r(site); err != nil {
			t.Fatal(err)
		}
	}
	if front.Config.Handler, err = site.Handler(); err != nil {
		t.Fatal(err)
	}
	front.Start()
	t.Cleanup(front.Close)
	return k
}

func now() time.Time { return Now }

// LogIn begins a session with a role.
func (k *Kit) LogIn(role eupay.Role) {
	k.t.Helper()
	k.Role = role
	_, cookie, err := k.sessions.Begin(k.t.Context(), eupay.Session{Token: "t", RefreshToken: "r", ExpiresIn: 900})
	if err != nil {
		k.t.Fatal(err)
	}
	k.cookies = []*http.Cookie{{Name: "eupay", Value: cookie}} //nolint:gosec // it goes to the portal, not to a browser
}

// Reply is an answer of the site.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Get reads a page. Headers are pairs of names and values.
func (k *Kit) Get(path string, headers ...string) Reply {
	return k.Do(http.MethodGet, path, nil, headers...)
}

// Post sends a form.
func (k *Kit) Post(path string, fields url.Values, headers ...string) Reply {
	return k.Do(http.MethodPost, path, strings.NewReader(fields.Encode()), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// Do sends a request, and follows no redirect.
func (k *Kit) Do(method, path string, body io.Reader, headers ...string) Reply {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.URL+path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "en")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range k.cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return Reply{res.StatusCode, res.Header, string(text)}
}

// Has fails the test unless the page has all texts.
func (r Reply) Has(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Body, text) {
			t.Errorf("%d without %q: %.3000s", r.Status, text, r.Body)
		}
	}
}

// Lacks fails the test if the page has one of the texts.
func (r Reply) Lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body, text) {
			t.Errorf("the page has %q", text)
		}
	}
}

// Answer writes JSON, for made-up APIs.
func Answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the caller has gone
	}
}

// Refuse answers with an error of the API. More are further members.
func Refuse(w http.ResponseWriter, status int, code eupay.Code, more map[string]any) {
	body := map[string]any{"code": code, "message": "Refused: " + string(code)}
	for name, value := range more {
		body[name] = value
	}
	Answer(w, status, body)
}
