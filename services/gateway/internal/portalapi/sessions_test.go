package portalapi

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

func (f *fixture) session(t *testing.T, email string) (as, string) {
	t.Helper()
	r := f.must(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+password+`"}`)
	return as{token: r.str("token")}, r.str("refresh_token")
}

func TestSessionsAreListedAndEndAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	other := f.register(t, "other@example.com")
	f.clock.Advance(time.Minute)
	phone, refresh := f.session(t, "owner@example.com")
	rows := f.must(t, phone, "GET", "/auth/sessions", "").rows()
	if len(rows) != 2 || rows[0]["current"] != true || rows[1]["current"] != false || rows[0]["ip"] != "127.0.0.1" ||
		rows[0]["device"] != "Go-http-client" || rows[1]["created_at"] != "2026-06-17T12:00:00.000Z" {
		t.Fatalf("sessions are %v", rows)
	}
	mine := "/auth/sessions/" + rows[0]["id"].(string)
	f.refused(t, errs.NotFoundCode, other, "DELETE", mine, "")
	f.refused(t, errs.NotFoundCode, owner, "DELETE", "/auth/sessions/x", "")
	f.must(t, owner, "DELETE", mine, "")
	f.refused(t, errs.Unauthenticated, phone, "GET", "/merchant", "")
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
	f.refused(t, errs.NotFoundCode, owner, "DELETE", mine, "")
	third, _ := f.session(t, "owner@example.com")
	f.must(t, third, "DELETE", "/auth/sessions", "")
	f.refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	if rows := f.must(t, third, "GET", "/auth/sessions", "").rows(); len(rows) != 1 {
		t.Errorf("left: %v", rows)
	}
	f.must(t, other, "GET", "/merchant", "")
}

// An access token of a login that is over opens nothing, however long it would be good for.
func TestLogoutAndTheftEndAccessTokensAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	who, refresh := f.session(t, "owner@example.com")
	f.must(t, as{}, "POST", "/auth/logout", `{"refresh_token":"`+refresh+`"}`)
	f.refused(t, errs.Unauthenticated, who, "GET", "/merchant", "")
	_, stolen := f.session(t, "owner@example.com")
	next := f.must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+stolen+`"}`)
	f.must(t, as{token: next.str("token")}, "GET", "/merchant", "")
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+stolen+`"}`)
	f.refused(t, errs.Unauthenticated, as{token: next.str("token")}, "GET", "/merchant", "")
}

// However often it is refreshed, a session ends 30 days after its login.
func TestASessionHasAnAbsoluteEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	_, refresh := f.session(t, "owner@example.com")
	for range 3 {
		f.clock.Advance(9 * 24 * time.Hour)
		refresh = f.must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`).str("refresh_token")
	}
	f.clock.Advance(3*24*time.Hour - time.Minute)
	last := f.must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
	f.clock.Advance(time.Minute)
	f.refused(t, errs.Unauthenticated, as{token: last.str("token")}, "GET", "/merchant", "")
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+last.str("refresh_token")+`"}`)
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"":           "Unknown device",
		"curl/8.5.0": "curl",
		"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":           "Edge on Windows",
	} {
		if got := account.DeviceName(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}
