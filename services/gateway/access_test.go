package gateway

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// accessFile lists who may call what: one line for each route, with the kinds of callers that are admitted. "anyone" needs no
// credentials; a scope stands for an API key that has it; the others are logins. It is reviewed: -update writes what the gateway
// does.
const accessFile = "access.txt"

var updateAccess = flag.Bool("update", false, "write access.txt as the gateway answers now")

// rejected are the codes that a caller gets who is not admitted, whatever the request.
var rejected = map[any]bool{
	"MISSING_CREDENTIALS": true, "INVALID_API_KEY": true, "INVALID_SECRET": true, "UNAUTHORIZED": true, "FORBIDDEN": true, "INSUFFICIENT_SCOPE": true,
	"IP_NOT_ALLOWED": true,
}

// kind is one kind of caller.
type kind struct {
	name    string
	headers []string
	// never: no route that requires credentials admits it.
	never bool
}

// kinds lists all kinds, in the order of the file.
func (w *gateWorld) kinds() []kind {
	w.t.Helper()
	all := []kind{
		{name: "anyone"},
		{name: "a wrong secret", never: true, headers: []string{"X-Api-Key", w.keys[false][1], "X-Api-Secret", "sk_test_" + strings.Repeat("x", 43)}},
		{name: "an unknown key", never: true, headers: []string{"X-Api-Key", "pk_test_" + strings.Repeat("x", 24), "X-Api-Secret", w.keys[false][3]}},
		{name: "a key without its secret", never: true, headers: w.keys[false][:2]},
		{name: "a token that is none", never: true, headers: bearer("x.y.z")},
		{name: "a token of another platform", never: true, headers: bearer(w.otherPlatform())},
		{name: "a token with its signature cut", never: true, headers: bearer(w.owner[:strings.LastIndex(w.owner, ".")+1])},
		{name: "a token of no algorithm", never: true, headers: bearer("eyJhbGciOiJub25lIn0" + w.owner[strings.Index(w.owner, "."):strings.LastIndex(w.owner, ".")+1])},
	}
	for _, scope := range rights.AllScopes {
		_, key := w.call("POST", "/merchant/api-keys", fmt.Sprintf(`{"name":"one","per_minute":10000,"scopes":[%q]}`, scope), bearer(w.owner)...)
		public, _ := key["api_key"].(string)
		secret, _ := key["api_secret"].(string)
		if secret == "" {
			w.t.Fatalf("no key: %v", key)
		}
		all = append(all, kind{name: string(scope), headers: []string{"X-Api-Key", public, "X-Api-Secret", secret}})
	}
	return append(all, kind{name: "merchant", headers: bearer(w.owner)}, kind{name: "staff", headers: bearer(w.member("staff"))},
		kind{name: "accountant", headers: bearer(w.member("accountant"))}, kind{name: "admin", headers: bearer(w.admin)}, kind{name: "customer", headers: bearer(w.customer)})
}

// member is a login of the merchant's team.
func (w *gateWorld) member(role string) (token string) {
	w.t.Helper()
	email := role + "@example.com"
	if status, answer := w.call("POST", "/merchant/team", fmt.Sprintf(`{"email":%q,"password":%q,"role":%q}`, email, gatePassword, role), bearer(w.owner)...); status != http.StatusCreated {
		w.t.Fatalf("%s: %d %v", role, status, answer)
	}
	_, answer := w.call("POST", "/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, gatePassword))
	token, _ = answer["token"].(string)
	return token
}

// otherPlatform returns the token of an owner, issued by a gateway with another secret.
func (w *gateWorld) otherPlatform() (token string) {
	w.t.Helper()
	return gateSetup(w.t, false, func(c *Config) { c.JWTSecret = strings.Repeat("k", 32) }).owner
}

var pathParameter = regexp.MustCompile(`:[a-zA-Z_]+|\*`)

// lets reports whether the gateway admits the caller. The ids in the path do not exist and there is no body, so a caller who is
// admitted gets an error that is not one of rejected.
func (w *gateWorld) lets(k kind, method, pattern string) bool {
	w.t.Helper()
	path := pathParameter.ReplaceAllString(strings.TrimPrefix(pattern, basePath), "00000000-0000-4000-8000-000000000000")
	status, answer := w.call(method, path, "", w.elsewhere(k.headers)...)
	if status == http.StatusTooManyRequests && !rare[method+" "+pattern] {
		w.t.Fatalf("%s %s: a limit hides who may call it", method, pattern)
	}
	return status != http.StatusUnauthorized && !rejected[answer["code"]]
}

// These would end the callers' sessions, which the test needs.
var harmful = map[string]bool{"POST /auth/logout": true}

// rare routes admit only a few calls.
var rare = map[string]bool{"POST /customer/accounts/connect": true}

// operations are the registered routes except preflights.
func (w *gateWorld) operations() []string {
	var all []string
	for _, r := range w.s.echo.Routes() {
		if pattern, ours := strings.CutPrefix(r.Path, basePath); ours && r.Method != http.MethodOptions && strings.HasPrefix(pattern, "/") {
			all = append(all, r.Method+" "+pattern)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestWhoMayCallWhat is the authorisation matrix: every route, every kind of caller. A new route without a line fails it.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, false, func(c *Config) {
		c.TrustedProxies = []string{"127.0.0.1"}
		c.Limits = caller.Limits{UserReads: 1e6, UserWrites: 1e6, MerchantReads: 1e6, MerchantWrites: 1e6}
	})
	w.admins(`{"enabled":true}`)
	kinds := w.kinds()
	var got strings.Builder
	for _, op := range w.operations() {
		method, pattern, _ := strings.Cut(op, " ")
		var in []string
		if harmful[op] {
			in = []string{"(not tried: it would end the callers' sessions)"}
		} else if w.lets(kinds[0], method, pattern) {
			in = []string{"anyone"}
		} else {
			for _, k := range kinds[1:] {
				switch let := w.lets(k, method, pattern); {
				case let && k.never:
					t.Errorf("%s lets in %s", op, k.name)
				case let:
					in = append(in, k.name)
				}
			}
			if len(in) == 0 {
				in = []string{"(a signature, which no caller here has)"}
			}
		}
		fmt.Fprintf(&got, "%-6s %-58s %s\n", method, pattern, strings.Join(in, " "))
	}
	if *updateAccess {
		if err := os.WriteFile(accessFile, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(accessFile)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	for line := range strings.Lines(got.String()) {
		if !strings.Contains(string(want), line) {
			t.Errorf("not in %s: %s", accessFile, line)
		}
	}
	for line := range strings.Lines(string(want)) {
		if !strings.Contains(got.String(), line) {
			t.Errorf("only in %s: %s", accessFile, line)
		}
	}
}
