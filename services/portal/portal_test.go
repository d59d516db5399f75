package portal

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/boot"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

var update = flag.Bool("update", false, "write access.txt")

// copyBody reads what a browser would: of a stream of events only what is there at once.
func copyBody(b *strings.Builder, res *http.Response) (int64, error) {
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return 0, nil
	}
	return io.Copy(b, res.Body)
}

// people are all who may come, the first without a login.
var people = []eupay.Role{"", eupay.RoleMerchant, eupay.RoleStaff, eupay.RoleAccountant, eupay.RoleAdmin, eupay.RoleCustomer}

// TestWhoMayOpenWhat goes to every route as everybody. The table is access.txt, for people to read.
func TestWhoMayOpenWhat(t *testing.T) {
	w := setup(t)
	cookies := make(map[eupay.Role]string)
	for _, role := range people {
		cookies[role] = w.login(role)
	}
	var table strings.Builder
	for _, route := range sorted(w.pages.Routes()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		fmt.Fprintf(&table, "%-70s", route.Pattern)
		for _, role := range people {
			cookie := cookies[role]
			if strings.HasSuffix(path, "/logout") {
				cookie = w.login(role) // the others are needed
			}
			got := w.outcome(method, example(path), cookie)
			if want := expected(role, route.Roles); want != "" && got != want {
				t.Errorf("%s as %q: %s, want %s", route.Pattern, role, got, want)
			}
			if len(route.Roles) == 0 {
				got = "open"
			}
			fmt.Fprintf(&table, " %-6s", got)
		}
		table.WriteByte('\n')
	}
	header := fmt.Sprintf("%-70s %-6s %-6s %-6s %-6s %-6s %-6s\n", "", "nobody", "owner", "staff", "books", "admin", "payer")
	compare(t, "access.txt", header+table.String())
}

// sorted are the routes by path.
func sorted(routes []web.Route) []web.Route {
	slices.SortFunc(routes, func(a, b web.Route) int {
		methodA, pathA, _ := strings.Cut(a.Pattern, " ")
		methodB, pathB, _ := strings.Cut(b.Pattern, " ")
		return cmp.Or(strings.Compare(pathA, pathB), strings.Compare(methodA, methodB))
	})
	return routes
}

// example fills the parts of a path.
func example(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, "{$}"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
		}
	}
	return strings.Join(parts, "/")
}

// expected is the outcome for a role; empty: the handler decides.
func expected(role eupay.Role, roles []eupay.Role) string {
	switch {
	case len(roles) == 0:
		return ""
	case role == "":
		return "login"
	case slices.Contains(roles, role):
		return "yes"
	default:
		return "no"
	}
}

func (w *world) outcome(method, path, cookie string) string {
	a := w.send(method, path, cookie, "")
	location := a.header.Get("Location")
	switch {
	case strings.HasPrefix(location, "/portal/login") || strings.HasPrefix(location, "/app/login"):
		return "login"
	case a.status == http.StatusForbidden:
		return "no"
	case a.status == http.StatusInternalServerError:
		w.t.Errorf("%s %s: %d", method, path, a.status)
		return "fault"
	default:
		return "yes"
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the routes say: read the change, and write it with -update", name)
	}
}

func TestEveryTemplateCanBeRead(t *testing.T) {
	t.Parallel()
	if err := setup(t).pages.ReadTemplates(); err != nil {
		t.Error(err)
	}
}

func TestAFormOfAnotherSiteChangesNothing(t *testing.T) {
	w := setup(t)
	cookie := w.login(eupay.RoleMerchant)
	before := len(w.api.seen)
	forms := 0
	for _, route := range w.pages.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodPost {
			continue
		}
		forms++
		for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}} {
			if a := w.send(method, example(path), cookie, "", headers...); a.status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", route.Pattern, headers, a.status)
			}
		}
	}
	if forms < 10 {
		t.Errorf("only %d forms found", forms)
	}
	if len(w.api.seen) != before {
		t.Errorf("%d calls of the API", len(w.api.seen)-before)
	}
}

func TestEveryPageHasItsPolicy(t *testing.T) {
	w := setup(t)
	for _, role := range []eupay.Role{"", eupay.RoleMerchant, eupay.RoleAdmin, eupay.RoleCustomer} {
		cookie := w.login(role)
		for _, route := range w.pages.Routes() {
			method, path, _ := strings.Cut(route.Pattern, " ")
			if method != http.MethodGet {
				continue
			}
			a := w.send(method, example(path), cookie, "")
			if a.status == http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				continue
			}
			policy := a.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: the policy lacks %s: %s", route.Pattern, part, policy)
				}
			}
			if strings.Contains(policy, "unsafe") || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", route.Pattern, a.header)
			}
			for _, bad := range []string{"<style", " style=", " onclick=", " onload=", "javascript:"} {
				if strings.Contains(a.body, bad) {
					t.Errorf("%s: the page has %q", route.Pattern, bad)
				}
			}
			if role != "" && len(route.Roles) > 0 && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: a page of somebody may be kept: %q", route.Pattern, a.header.Get("Cache-Control"))
			}
		}
	}
}

func loginAnswers(w http.ResponseWriter, _ *http.Request) {
	reply(w, 200, map[string]any{"token": "merchant", "refresh_token": "r1", "expires_in": 900, "role": "merchant", "merchant_id": "m"})
}

func TestALoginLeadsOnlyToPagesOfOurs(t *testing.T) {
	w := setup(t)
	w.api.on("POST /auth/login", loginAnswers)
	for next, want := range map[string]string{
		"/portal/payments?status=failed": "/portal/payments?status=failed",
		"":                               "/portal", "//evil.example": "/portal", "https://evil.example/portal": "/portal", `/\evil.example`: "/portal", "javascript:alert(1)": "/portal",
	} {
		a := w.send("POST", "/portal/login", "", "email=a@example.com&password=p&next="+strings.NewReplacer("?", "%3F", "=", "%3D", `\`, "%5C").Replace(next))
		if got := a.header.Get("Location"); a.status != http.StatusSeeOther || got != want {
			t.Errorf("next=%s leads to %q (%d), want %s", next, got, a.status, want)
		}
	}
}

func TestALoginGetsACookieOfItsOwn(t *testing.T) {
	w := setup(t, func(c *Config) { c.PublicURL = "https://pay.example" })
	w.api.on("POST /auth/login", loginAnswers)
	chosen := "__Host-eupay=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	a := w.send("POST", "/portal/login", chosen, "email=a@example.com&password=p")
	var cookie string
	for _, c := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "__Host-eupay=") && !strings.Contains(c, "Max-Age=0") {
			cookie = c
		}
	}
	for _, part := range []string{"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie lacks %s: %q", part, cookie)
		}
	}
	if strings.HasPrefix(cookie, chosen+";") {
		t.Error("the session has the value that the browser came with")
	}
	if got := w.send("GET", "/portal/audit", chosen, "").header.Get("Location"); !strings.HasPrefix(got, "/portal/login") {
		t.Errorf("the value that somebody chose opens a page: %q", got)
	}
}

func TestOnlyOneRequestReplacesATokenThatEnds(t *testing.T) {
	w := setup(t)
	cookie := w.login(eupay.RoleMerchant)
	w.clock.Advance(14*time.Minute + 30*time.Second)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := w.send("GET", "/portal/audit", cookie, ""); a.status == http.StatusSeeOther {
				t.Errorf("the session has ended: %s", a.header.Get("Location"))
			}
		})
	}
	wg.Wait()
	if n := w.api.refreshed["r-merchant"]; n != 1 {
		t.Errorf("the token was replaced %d times", n)
	}
}

func TestASessionThatTheAPIHasEndedLeadsToTheLogin(t *testing.T) {
	w := setup(t)
	cookie := w.login(eupay.RoleMerchant)
	w.api.on("POST /auth/refresh", func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 401, "UNAUTHENTICATED") })
	w.clock.Advance(time.Hour)
	a := w.send("GET", "/portal/payments?status=failed", cookie, "")
	if got := a.header.Get("Location"); got != "/portal/login?next=%2Fportal%2Fpayments%3Fstatus%3Dfailed" {
		t.Errorf("leads to %q (%d)", got, a.status)
	}
}

func TestAStepUpSendsTheFormAgainAsItWas(t *testing.T) {
	w := setup(t)
	cookie := w.login(eupay.RoleMerchant)
	w.api.on("DELETE /merchant/team/0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 403, "STEP_UP_REQUIRED") })
	a := w.send("POST", "/portal/team/0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2/remove", cookie, "kept=%3Cb%3E")
	if a.status != 200 || !strings.Contains(a.body, `name="kept" value="&lt;b&gt;"`) || !strings.Contains(a.body, `name="step_up_proof"`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.api.on("POST /auth/step-up", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	a = w.send("POST", "/portal/step-up", cookie, "kept=x&step_up_proof=pw&step_up_next=%2Fportal%2Fteam%2F1%2Fremove")
	if a.status != http.StatusTemporaryRedirect || a.header.Get("Location") != "/portal/team/1/remove" {
		t.Errorf("%d to %s", a.status, a.header.Get("Location"))
	}
	if a = w.send("POST", "/portal/step-up", cookie, "step_up_proof=pw&step_up_next=https%3A%2F%2Fevil.example"); a.header.Get("Location") != "/portal" {
		t.Errorf("a step-up leads to %s", a.header.Get("Location"))
	}
}

func TestNothingTypedIsLostWhenTheAPIIsAway(t *testing.T) {
	w := setup(t)
	cookie := w.login(eupay.RoleMerchant)
	for what, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"down": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"busy": func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 429, "RATE_LIMIT_EXCEEDED") },
		"5xx":  func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 500, "INTERNAL_ERROR") },
	} {
		w.api.on("POST /gateway/payments", answer)
		a := w.send("POST", "/portal/payments/new", cookie, "amount=12%2C50&description=Sm%C3%B8rrebr%C3%B8d+%3Cscript%3E&key=k1")
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="12,50"`) || !strings.Contains(a.body, `value="Smørrebrød &lt;script&gt;"`) || !strings.Contains(a.body, `value="k1"`) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
}

func TestTheAPILearnsWhoseBrowserAsks(t *testing.T) {
	w := setup(t, func(c *Config) { c.TrustedProxies = []string{"127.0.0.0/8"} })
	w.send("POST", "/portal/forgot", "", "email=a@example.com", "X-Forwarded-For", "203.0.113.9, 198.51.100.7", "User-Agent", "Browser/1")
	r := w.api.seen[len(w.api.seen)-1]
	if got, agent := r.Header.Get("X-Forwarded-For"), r.Header.Get("User-Agent"); got != "198.51.100.7" || agent != "Browser/1" {
		t.Errorf("the API is told %q, %q", got, agent)
	}
	w = setup(t) // nobody is trusted
	w.send("POST", "/portal/forgot", "", "email=a@example.com", "X-Forwarded-For", "203.0.113.9")
	if got := w.api.seen[len(w.api.seen)-1].Header.Get("X-Forwarded-For"); got != "127.0.0.1" {
		t.Errorf("the API is told %q", got)
	}
}

func TestSettingsThatCannotWorkAreAllNamed(t *testing.T) {
	c := Config{APIURL: "ftp://x", PublicURL: "https://x/path", MasterKey: "short", TrustedProxies: []string{"nowhere"}, S3Endpoint: "https://s3.example"}
	err := c.Validate()
	for _, name := range []string{"EUPAY_API_URL", "EUPAY_PUBLIC_URL", "EUPAY_PORTAL_MASTER_KEY", "EUPAY_TRUSTED_PROXIES", "EUPAY_S3_PUBLIC_URL"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if _, err := New(t.Context(), c, boot.Deps{}); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("it starts: %v", err)
	}
}

// A portal whose policy lacked the store's own address took pictures that no browser could upload.
func TestPicturesMayGoWhereTheStoreIs(t *testing.T) {
	for _, c := range []struct {
		Config
		want string
	}{
		{Config{}, "[]"},
		{Config{S3Endpoint: "https://s3.example", S3PublicURL: "https://cdn.example/bucket/", ImageOrigins: []string{"https://old.example", "https://cdn.example"}}, "[https://s3.example https://cdn.example https://old.example]"},
		{Config{S3PublicURL: "http://127.0.0.1:9/bucket", S3Endpoint: "http://127.0.0.1:9"}, "[http://127.0.0.1:9]"},
		{Config{ImageOrigins: []string{"cdn.example"}}, "error"},
		{Config{S3PublicURL: "javascript:x"}, "error"},
	} {
		got, err := c.images()
		if err != nil && c.want != "error" || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("%+v: %v, %v", c.Config, got, err)
		}
	}
}
