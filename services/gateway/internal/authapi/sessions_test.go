package authapi_test

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	other := f.Register(t, "other@example.com")
	f.Clock.Advance(time.Minute)
	phone, refresh := f.Session(t, "owner@example.com")
	rows := f.Must(t, phone, "GET", "/auth/sessions", "").Rows()
	if len(rows) != 2 || rows[0]["current"] != true || rows[1]["current"] != false || rows[0]["ip"] != "127.0.0.1" ||
		rows[0]["device"] != "Go-http-client" || rows[1]["created_at"] != "2026-06-17T12:00:00.000Z" {
		t.Fatalf("sessions are %v", rows)
	}
	mine := "/auth/sessions/" + rows[0]["id"].(string)
	f.Refused(t, errs.NotFoundCode, other, "DELETE", mine, "")
	f.Refused(t, errs.NotFoundCode, owner, "DELETE", "/auth/sessions/x", "")
	f.Must(t, owner, "DELETE", mine, "")
	f.Refused(t, errs.Unauthenticated, phone, "GET", "/merchant", "")
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
	f.Refused(t, errs.NotFoundCode, owner, "DELETE", mine, "")
	third, _ := f.Session(t, "owner@example.com")
	f.Must(t, third, "DELETE", "/auth/sessions", "")
	f.Refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	if rows := f.Must(t, third, "GET", "/auth/sessions", "").Rows(); len(rows) != 1 {
		t.Errorf("left: %v", rows)
	}
	f.Must(t, other, "GET", "/merchant", "")
}

// An access token ends with its login, whatever its own expiry.
func TestLogoutAndTheftEndAccessTokensAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	who, refresh := f.Session(t, "owner@example.com")
	f.Must(t, as{}, "POST", "/auth/logout", `{"refresh_token":"`+refresh+`"}`)
	f.Refused(t, errs.Unauthenticated, who, "GET", "/merchant", "")
	_, stolen := f.Session(t, "owner@example.com")
	next := f.Must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+stolen+`"}`)
	f.Must(t, as{Token: next.Str("token")}, "GET", "/merchant", "")
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+stolen+`"}`)
	f.Refused(t, errs.Unauthenticated, as{Token: next.Str("token")}, "GET", "/merchant", "")
}

// However often it is refreshed, a session ends 30 days after its login.
func TestASessionHasAnAbsoluteEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	_, refresh := f.Session(t, "owner@example.com")
	for range 3 {
		f.Clock.Advance(9 * 24 * time.Hour)
		refresh = f.Must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`).Str("refresh_token")
	}
	f.Clock.Advance(3*24*time.Hour - time.Minute)
	last := f.Must(t, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
	f.Clock.Advance(time.Minute)
	f.Refused(t, errs.Unauthenticated, as{Token: last.Str("token")}, "GET", "/merchant", "")
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/refresh", `{"refresh_token":"`+last.Str("refresh_token")+`"}`)
}

// Every try leaves an entry, also one with an address that has no account: both cost the same.
func TestEveryLoginIsNoted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"nobody@example.com","password":"`+password+`"}`)
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"wrong"}`)
	who, refresh := f.Session(t, "owner@example.com")
	secret, _ := f.Enrol(t, who)
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.Wrong(t, secret)))
	f.Must(t, as{}, "POST", "/auth/logout", `{"refresh_token":"`+refresh+`"}`)
	got := f.Rows(t, `select action || coalesce(' ' || (detail->>'outcome'), '') from audit_log where action like 'auth.%' order by id`)
	want := []string{"auth.login failure", "auth.login failure", "auth.login success", "auth.factor failure", "auth.logout"}
	if len(got) != len(want) {
		t.Fatalf("noted %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("entry %d is %q, want %q", i, got[i], want[i])
		}
	}
}
