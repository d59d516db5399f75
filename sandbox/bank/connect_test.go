package bank

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
)

// user makes a user and returns their token.
func (r *rig) user() string {
	r.t.Helper()
	a := r.callAs("", "POST", "/2.0/auth/init", change{"client_id": "42", "client_secret": testSecret})
	r.want(a, map[string]any{"type": "permanent"})
	if n, err := a.path("id_user").(json.Number).Int64(); err != nil || n <= 0 {
		r.t.Fatalf("init: %d %s", a.status, a.text)
	}
	return a.path("auth_token").(string)
}

func (r *rig) code(user string) string {
	r.t.Helper()
	a := r.callAs(user, "GET", "/2.0/auth/token/code?type=singleAccess", nil)
	r.want(a, map[string]any{"type": "temporary", "access": "single", "expires_in": 1800})
	return a.path("code").(string)
}

// linking opens the connect webview with a code.
func (r *rig) linking(code string, changes ...change) *browser {
	r.t.Helper()
	q := url.Values{"client_id": {"42"}, "redirect_uri": {"https://shop.example/return"}, "state": {"s-1"}, "code": {code}}
	for _, c := range changes {
		for name, v := range c {
			q.Set(name, fmt.Sprint(v))
		}
	}
	return &browser{r: r, at: r.url + "/2.0/auth/webview/connect?" + q.Encode(), client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// consent clicks through the webview to its end and returns the number of the connection.
func (r *rig) consent(user, bank string) string {
	r.t.Helper()
	v := r.linking(r.code(user))
	v.page()
	v.press("bank", bank)
	v.press("answer", "login", "login", "ada", "password", "any")
	v.press("answer", "consent")
	back := v.returned().Query()
	if back.Get("state") != "s-1" || back.Get("connection_id") == "" || back.Has("error") {
		r.t.Fatalf("returned with %v", back)
	}
	return back.Get("connection_id")
}

func TestUserConnectsABank(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user()
	v := r.linking(r.code(user), change{"connector_uuids": Nowhere + "," + Snail})
	if page := v.page(); !strings.Contains(page, `id="bank-nowhere"`) || strings.Contains(page, `id="bank-shrug"`) {
		t.Error("other banks than those of the client are offered")
	}
	if page := v.press("bank", "nowhere"); !strings.Contains(page, `name="password"`) {
		t.Error("nobody asks for a password")
	}
	if page := v.press("answer", "login", "login", "ada", "password", ""); !strings.Contains(page, `id="note"`) {
		t.Error("an empty password passes")
	}
	if page := v.press("answer", "login", "login", "ada", "password", "x"); !strings.Contains(page, "Joint account") {
		t.Error("the accounts are not shown before the consent")
	}
	form := v.html
	v.press("answer", "consent")
	connection := v.returned().Query().Get("connection_id")
	v.html = form
	v.press("answer", "consent") // pressed twice
	if again := v.returned().Query().Get("connection_id"); again != connection {
		t.Errorf("connections %s and %s", connection, again)
	}
	r.want(r.callAs(user, "GET", "/2.0/users/me/connections?expand=connector", nil), map[string]any{
		"total": 1, "connections.0.id": connection, "connections.0.connector_uuid": Nowhere,
		"connections.0.connector.name": "Bank of Nowhere (Sandbox)", "connections.0.state": nil,
	})
	a := r.callAs(user, "GET", "/2.0/users/me/accounts", nil)
	r.want(a, map[string]any{
		"total": 3, "accounts.0.id_connection": connection, "accounts.0.name": "Current account", "accounts.0.type": "checking",
		"accounts.0.currency.id": "EUR", "accounts.0.disabled": nil, "accounts.2.iban": nil,
	})
	if one := a.path("accounts.0.iban").(string); !iban.Valid(one) || one == a.path("accounts.1.iban") || connectorOfIBAN(one).UUID != Nowhere {
		t.Errorf("IBANs %v and %v", one, a.path("accounts.1.iban"))
	}
	again := r.consent(user, "nowhere")
	b := r.callAs(user, "GET", "/2.0/users/me/connections/"+again+"/accounts", nil)
	if a.path("accounts.0.iban") != b.path("accounts.0.iban") || a.path("accounts.0.id") == b.path("accounts.0.id") {
		t.Errorf("the same bank once more: %s", b.text)
	}
}

func TestUserWhoGivesUpConnectsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user()
	for name, press := range map[string]func(v *browser){
		"at once":        func(v *browser) { v.press("cancel", "1") },
		"at the login":   func(v *browser) { v.press("bank", "shrug"); v.press("cancel", "1") },
		"at the consent": func(v *browser) { v.press("bank", "shrug"); login(v); v.press("answer", "refuse") },
		"after a mistake": func(v *browser) {
			v.press("bank", "shrug")
			v.press("answer", "login", "password", "")
			v.press("cancel", "1")
		},
	} {
		v := r.linking(r.code(user))
		v.page()
		press(v)
		if back := v.returned().Query(); back.Get("error") != accessDenied || back.Get("state") != "s-1" || back.Has("connection_id") {
			t.Errorf("%s: returned with %v", name, back)
		}
	}
	r.want(r.callAs(user, "GET", "/2.0/users/me/connections", nil), map[string]any{"total": 0})
}

func login(v *browser) { v.press("answer", "login", "login", "ada", "password", "x") }

func TestConnectWebviewRefusesOddLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.RedirectURIs = []string{"https://shop.example"} })
	user := r.user()
	scoped := r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", r.create().id()), change{"scope": "payments:validate"}).path("token").(string)
	late := r.code(user)
	r.clock.Add(31 * time.Minute)
	code := r.code(user)
	for name, v := range map[string]*browser{
		"another client": r.linking(code, change{"client_id": "43"}),
		"unregistered":   r.linking(code, change{"redirect_uri": "https://evil.example/"}),
		"no code":        r.linking(""),
		"late code":      r.linking(late),
		"user token":     r.linking(user),
		"payment token":  r.linking(scoped),
		"service token":  r.linking(r.token),
	} {
		v.page()
		if v.status != http.StatusBadRequest && v.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, v.status, v.html)
		}
	}
	v := r.linking(code)
	v.page()
	v.press("bank", "nowhere")
	v.press("answer", "consent") // without logging in
	if v.status != http.StatusUnauthorized {
		t.Errorf("a consent without login: %d", v.status)
	}
}

func TestUsersDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.user(), r.user()
	hers := r.consent(ada, "nowhere")
	account := r.callAs(ada, "GET", "/2.0/users/me/accounts", nil).path("accounts.0.id")
	r.want(r.callAs(bob, "GET", "/2.0/users/me/accounts", nil), map[string]any{"total": 0})
	for _, a := range []answer{
		r.callAs(bob, "GET", "/2.0/users/me/connections/"+hers+"/accounts", nil),
		r.callAs(bob, "DELETE", "/2.0/users/me/connections/"+hers, nil),
		r.callAs(bob, "POST", fmt.Sprintf("/2.0/users/me/accounts/%s", account), change{"disabled": true}),
	} {
		if a.status != http.StatusNotFound {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a := r.call("GET", "/2.0/users/me/accounts", nil); a.status != http.StatusUnauthorized {
		t.Errorf("a service token is taken for a user's: %d", a.status)
	}
	if a := r.callAs(ada, "GET", "/2.0/payments", nil); a.status != http.StatusUnauthorized {
		t.Errorf("a user's token is taken for a service token: %d", a.status)
	}
	if a := r.callAs("", "POST", "/2.0/auth/init", change{"client_id": "42", "client_secret": "wrong"}); a.status != http.StatusUnauthorized {
		t.Errorf("wrong credentials: %d", a.status)
	}
}

func TestAccountsAreSwitchedOffAndConnectionsEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user()
	connection := r.consent(user, "nowhere")
	id := r.callAs(user, "GET", "/2.0/users/me/accounts", nil).path("accounts.0.id")
	a := r.callAs(user, "POST", fmt.Sprintf("/2.0/users/me/accounts/%s", id), change{"disabled": true})
	if a.status != 200 || a.path("disabled") == nil {
		t.Errorf("%d %s", a.status, a.text)
	}
	r.want(r.callAs(user, "GET", "/2.0/users/me/accounts", nil), map[string]any{"total": 2})
	r.want(r.callAs(user, "GET", "/2.0/users/me/accounts?all", nil), map[string]any{"total": 3})
	if a := r.callAs(user, "DELETE", "/2.0/users/me/connections/"+connection, nil); a.status != http.StatusNoContent || a.text != "" {
		t.Errorf("%d %q", a.status, a.text)
	}
	r.want(r.callAs(user, "GET", "/2.0/users/me/accounts?all", nil), map[string]any{"total": 0})
	if a := r.callAs(user, "DELETE", "/2.0/users/me/connections/"+connection, nil); a.status != http.StatusNotFound {
		t.Errorf("once more: %d", a.status)
	}
}

func TestKilledBankKeepsConnections(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := newRig(t, inDir(dir))
	user := before.user()
	gone, kept := before.consent(user, "shrug"), before.consent(user, "nowhere")
	id := before.callAs(user, "GET", "/2.0/users/me/connections/"+kept+"/accounts", nil).path("accounts.1.id")
	before.callAs(user, "POST", fmt.Sprintf("/2.0/users/me/accounts/%s", id), change{"disabled": true})
	before.callAs(user, "DELETE", "/2.0/users/me/connections/"+gone, nil)
	was := before.callAs(user, "GET", "/2.0/users/me/accounts?all", nil).text
	for range 2 { // from the journal, and from the compacted one
		after := newRig(t, inDir(dir))
		if is := after.callAs(user, "GET", "/2.0/users/me/accounts?all", nil).text; is != was || !strings.Contains(is, `"total":3`) {
			t.Errorf("was %s\nis  %s", was, is)
		}
	}
	after := newRig(t, inDir(dir))
	after.must(after.b.Reset())
	if n := after.b.Stats()["connections"]; n != 0 {
		t.Errorf("%d connections after a reset", n)
	}
	if a := newRig(t, inDir(dir)).callAs(user, "GET", "/2.0/users/me/accounts", nil); a.path("total") != json.Number("0") {
		t.Errorf("after a reset and a restart: %s", a.text)
	}
}
