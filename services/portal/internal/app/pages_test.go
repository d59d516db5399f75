package app_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/app"
	"european-pay.eu/eupay/services/portal/internal/signin"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// site serves the app without sessions, with an API that answers as given.
func site(t *testing.T, api http.HandlerFunc) *httptest.Server {
	t.Helper()
	back := httptest.NewServer(api)
	t.Cleanup(back.Close)
	s, err := web.New(web.Deps{
		API: eupay.New("", "", eupay.Options{BaseURL: back.URL}), Log: slog.New(slog.DiscardHandler), Now: time.Now, PublicURL: "http://app.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Register(s); err != nil {
		t.Fatal(err)
	}
	for _, route := range s.Routes() {
		path := strings.TrimPrefix(strings.TrimPrefix(route.Pattern, "GET "), "POST ")
		if path != "/app" && !strings.HasPrefix(path, "/app/") {
			t.Errorf("%s is outside of the app", route.Pattern)
		}
		if len(route.Roles) > 0 && (len(route.Roles) != 1 || route.Roles[0] != eupay.RoleCustomer) {
			t.Errorf("%s is open to %v", route.Pattern, route.Roles)
		}
	}
	if err := signin.Register(s); err != nil { // the app's login is there
		t.Fatal(err)
	}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(h)
	t.Cleanup(front.Close)
	return front
}

func none(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return res, body(t, res)
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestACodeThatWasScannedWaitsForTheLogin(t *testing.T) {
	t.Parallel()
	srv := site(t, none)
	for _, path := range []string{"/app", "/app/scan?data=abc", "/app/payments", "/app/payments/PAY-1", "/app/accounts", "/app/points"} {
		res, _ := get(t, srv.URL+path)
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/app/login?next=%2Fapp") {
			t.Errorf("%s: %d to %q", path, res.StatusCode, to)
		}
	}
}

func TestWhatAPhoneNeedsToInstallTheApp(t *testing.T) {
	t.Parallel()
	srv := site(t, none)
	res, text := get(t, srv.URL+"/app/manifest.webmanifest")
	var m struct {
		Scope string
		Icons []struct{ Src, Purpose string }
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Scope != "/app" || len(m.Icons) != 3 || res.Header.Get("Content-Type") != "application/manifest+json" {
		t.Fatalf("%v %s", err, text)
	}
	for _, i := range m.Icons {
		if res, _ := get(t, srv.URL+i.Src); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/png" {
			t.Errorf("icon %s: %d", i.Src, res.StatusCode)
		}
	}
	res, text = get(t, srv.URL+"/app/sw.js")
	if res.Header.Get("Service-Worker-Allowed") != "/app" || strings.Contains(text, "__") || !strings.Contains(text, "/assets/eupay.") {
		t.Errorf("%v %s", res.Header, text)
	}
}

func TestARefusedLoginKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	srv := site(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"success":false,"code":"INVALID_LOGIN","message":"Email or password wrong."}`))
	})
	res, err := http.PostForm(srv.URL+"/app/login", map[string][]string{"email": {`"><script>a@example.com`}, "password": {"s3cret-s3cret"}, "next": {"https://evil.example"}})
	if err != nil {
		t.Fatal(err)
	}
	text := body(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "&lt;script&gt;a@example.com") || strings.Contains(text, "<script>a@") {
		t.Errorf("%d: the address is lost or runs", res.StatusCode)
	}
	if strings.Contains(text, "s3cret") || strings.Contains(text, "evil.example") {
		t.Error("the password or a foreign address is on the page")
	}
}
