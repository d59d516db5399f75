package gatewaytest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// The merchants of a desk.
const (
	Ours   = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	Theirs = "1c9f8a6b-8d20-4b62-8b46-e1b2d5c9e8f3"
)

// someUser and someSession are those of every login at a desk.
const (
	someUser    = "2dafab7c-9e31-4c73-9c57-f2c3e6daf904"
	someSession = "3eb0bc8d-af42-4d84-8d68-03d4f7eb0a15"
)

// base is the path of the API.
const base = "/api/v1"

// Desk is a part of the API without accounts, database and description, so it is there at once: a login's token is its role and its merchant,
// "staff@" + Ours.
type Desk struct {
	Access *caller.Access
	Limits *Limits
	Group  *web.API
	// Shops are the merchants with something to say about them; others exist, too.
	Shops map[string]merchant.Merchant
	// Stale is what a login without a fresh proof is told; nil: every login has one.
	Stale error

	srv *httptest.Server
}

// NewDesk returns one on which a test registers its handlers.
func NewDesk(t testing.TB) *Desk {
	t.Helper()
	d := &Desk{Limits: &Limits{}, Shops: map[string]merchant.Merchant{}}
	e := web.New(quiet, nil)
	d.Group = web.NewAPI(e, base, func(string, string) web.Query { return web.Query{Open: true} })
	d.srv = httptest.NewServer(e)
	t.Cleanup(d.srv.Close)
	d.Access = caller.New(caller.Deps{
		Keys: noKeys{}, Tokens: names{}, Users: people{d}, Merchants: d, Limiter: d.Limits, PerMinute: 1000,
		Limits: caller.Limits{UserReads: 1000, UserWrites: 1000, MerchantReads: 1000, MerchantWrites: 1000},
	})
	return d
}

// Get implements the Merchants of API packages.
func (d *Desk) Get(_ context.Context, id string) (merchant.Merchant, error) {
	if m, ok := d.Shops[id]; ok {
		return m, nil
	}
	return merchant.Merchant{ID: id, Name: "Café Noisette", IBAN: "FR7630006000011234567890189", GatewayEnabled: true, Version: 1}, nil
}

// As is the token of a role at our merchant.
func As(role rights.Role) string { return string(role) + "@" + Ours }

// Call sends a request with a token, which may be empty. A body is JSON unless a header says otherwise.
func (d *Desk) Call(t testing.TB, token, method, path, body string, headers ...string) Reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.srv.URL+base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := d.srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := Reply{Status: resp.StatusCode, Header: resp.Header, Text: string(raw)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && json.Unmarshal(raw, &r.JSON) != nil {
		r.JSON = nil // a list
	}
	return r
}

// Code returns the code of an error.
func (r Reply) Code() errs.Code {
	code, _ := r.JSON["code"].(string)
	return errs.Code(code)
}

type noKeys struct{}

func (noKeys) Authenticate(context.Context, string, string, netip.Addr) (apikey.Key, error) {
	return apikey.Key{}, errs.New(errs.InvalidAPIKey, "Invalid API key.")
}

type names struct{}

func (names) Verify(token string, _ ...user.Audience) (user.Identity, error) {
	role, merchantID, ok := strings.Cut(token, "@")
	if !ok {
		return user.Identity{}, errs.New(errs.Unauthenticated, "Log in and send the token in the header Authorization: Bearer <token>.")
	}
	return user.Identity{UserID: someUser, Role: rights.Role(role), MerchantID: merchantID, SessionID: someSession}, nil
}

type people struct{ desk *Desk }

func (people) Present(_ context.Context, id user.Identity) (user.Presence, error) {
	return user.Presence{User: user.User{ID: id.UserID, Role: id.Role, MerchantID: id.MerchantID}, SessionID: id.SessionID}, nil
}

func (people) LacksFactor(user.Presence) bool { return false }

func (p people) CheckProof(user.Presence) error { return p.desk.Stale }

// Limits admits every call except those of a limit that is full, and notes which limits there are.
type Limits struct {
	mu   sync.Mutex
	full string
	seen []string
}

// Fill refuses the calls whose limit begins so; empty: none.
func (l *Limits) Fill(prefix string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = prefix
}

// Seen returns the limits that calls counted towards, since it was called last.
func (l *Limits) Seen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.seen
	l.seen = nil
	return list
}

// Allow implements ratelimit.Limiter.
func (l *Limits) Allow(_ context.Context, key string, limit int) (ratelimit.Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, key)
	full := l.full != "" && strings.HasPrefix(key, l.full)
	return ratelimit.Decision{Allowed: !full, Limit: limit, Remaining: limit, Window: ratelimit.Window, Reset: 30 * time.Second}, nil
}

// Forget implements ratelimit.Limiter.
func (*Limits) Forget(context.Context, string) error { return nil }
