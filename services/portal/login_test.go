package portal

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

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
