package portal

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/run/boot"
	eupay "european-pay.eu/eupay/sdk/go"
)

// copyBody reads what a browser would: of a stream of events only what is there at once.
func copyBody(b *strings.Builder, res *http.Response) (int64, error) {
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return 0, nil
	}
	return io.Copy(b, res.Body)
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
	for _, c := range []struct{ cookie, accept, want string }{{"", "de, fr;q=0.5", "fr"}, {"eupay-lang=en", "fr", "en"}, {"eupay-lang=fr", "en", "fr"}} {
		w.send("POST", "/portal/forgot", c.cookie, "email=a@example.com", "Accept-Language", c.accept)
		if got := w.api.seen[len(w.api.seen)-1].Header.Get("Accept-Language"); got != c.want {
			t.Errorf("%+v: mails are in %q", c, got)
		}
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
