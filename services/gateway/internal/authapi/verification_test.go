package authapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
)

func verifying(d *directory.Deps) { d.Verification = true }

func verification(code string) string { return `{"token":"` + code + `"}` }

func TestAnAddressIsVerifiedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	who := f.Register(t, "owner@example.com")
	for _, path := range []string{"/merchant", "/merchant/team", "/auth/sessions", "/merchant/api-keys"} {
		f.Refused(t, errs.EmailNotVerified, who, "GET", path, "")
	}
	f.Refused(t, errs.EmailNotVerified, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	if me := f.Must(t, who, "GET", "/auth/me", ""); me.JSON["email_verified"] != false {
		t.Errorf("me is %s", me.Text)
	}
	if n := f.Rows(t, `select event_type from outbox`); len(n) != 0 {
		t.Errorf("announced %v", n)
	}
	code := f.mailed(t, "owner@example.com", "Verify")
	if r := f.Refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification("wrong")); r.Fields() != "token" {
		t.Errorf("refused %s", r.Text)
	}
	f.Must(t, who, "POST", "/auth/verify-email", verification(code))
	f.Must(t, who, "GET", "/merchant", "")
	if n := f.Rows(t, `select event_type from outbox`); len(n) != 1 || n[0] != "merchant.registered" {
		t.Errorf("announced %v", n)
	}
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/verify-email", verification(code))
}

// Neither a registration nor the login after it reveals who has an account, and the owner of the account loses nothing.
func TestRegisteringATakenAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	owner := f.Register(t, "owner@example.com")
	f.Must(t, owner, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	fresh, taken := f.registerAs(t, "new@example.com", nextPassword), f.registerAs(t, "Owner@example.com", nextPassword)
	if got, want := strings.Join(keysOf(taken.JSON), " "), strings.Join(keysOf(fresh.JSON), " "); got != want || taken.Status != fresh.Status {
		t.Errorf("a taken address answers %d %s, another %d %s", taken.Status, got, fresh.Status, want)
	}
	for _, email := range []string{"new@example.com", "owner@example.com"} {
		r := f.Must(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+nextPassword+`"}`)
		f.Refused(t, errs.EmailNotVerified, as{Token: r.Str("token")}, "GET", "/merchant", "")
	}
	f.Login(t, "/auth/login", "owner@example.com")
	subjects := map[string]string{}
	for _, m := range f.Mails(t) {
		subjects[m.To] += m.Subject
	}
	if !strings.HasPrefix(subjects["new@example.com"], "Verify") || !strings.HasPrefix(subjects["owner@example.com"], "You already have") {
		t.Errorf("sent %v", subjects)
	}
}

func (f *fixture) registerAs(t *testing.T, email, word string) reply {
	t.Helper()
	return f.Must(t, as{}, "POST", "/auth/register", `{"email":"`+email+`","password":"`+word+`","name":"Shop"}`)
}

// A stranger cannot reserve somebody's address, and a code verifies only the account for which it was mailed: the owner of the
// mailbox does not verify the stranger's account by accident.
func TestAnUnverifiedAddressIsNotTaken(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	stranger := as{Token: f.registerAs(t, "jane@example.com", "a stranger's password").Str("token")}
	strangersCode := f.mailed(t, "jane@example.com", "Verify")
	jane := as{Token: f.registerAs(t, "jane@example.com", nextPassword).Str("token")}
	f.Refused(t, errs.ValidationError, jane, "POST", "/auth/verify-email", verification(strangersCode))
	f.Must(t, jane, "POST", "/auth/verify-email", verification(f.mailed(t, "jane@example.com", "Verify")))
	f.Must(t, jane, "GET", "/merchant", "")
	f.Refused(t, errs.Unauthenticated, stranger, "POST", "/auth/verify-email", verification(strangersCode))
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"jane@example.com","password":"a stranger's password"}`)
	if left := f.Rows(t, `select id::text from merchants`); len(left) != 1 {
		t.Errorf("%d merchants are left", len(left))
	}
}

func TestACodeIsSentAgainAndTheAddressCorrected(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	who := f.Register(t, "ownr@example.com")
	first := f.mailed(t, "ownr@example.com", "Verify")
	f.Must(t, who, "POST", "/auth/verify-email/resend", "")
	second := f.mailed(t, "ownr@example.com", "Verify")
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(first))
	f.Must(t, who, "POST", "/auth/verify-email/address", `{"email":"owner@example.com"}`)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(second))
	f.Must(t, who, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	if m := f.Must(t, who, "GET", "/merchant", ""); m.Str("email") != "owner@example.com" {
		t.Errorf("the merchant is %s", m.Text)
	}
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/verify-email/address", `{"email":"other@example.com"}`)
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/verify-email/resend", "")
}

func TestACodeIsValidForADay(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	f.Register(t, "owner@example.com")
	code := f.mailed(t, "owner@example.com", "Verify")
	f.Clock.Advance(24 * time.Hour)
	who := f.Login(t, "/auth/login", "owner@example.com")
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(code))
}

// Members and customers verify their addresses too, and adding a member reveals nothing about the address.
func TestMembersAndCustomersVerifyTheirAddress(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	f.Echo.GET("/api/v1/app", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{}) }, f.Access.CustomerLogin())
	owner := f.Register(t, "owner@example.com")
	f.Must(t, owner, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	add := func(email string) reply {
		return f.Must(t, owner, "POST", "/merchant/team", `{"email":"`+email+`","password":"`+nextPassword+`","role":"staff"}`)
	}
	if taken, fresh := add("owner@example.com"), add("staff@example.com"); taken.Status != fresh.Status || fresh.JSON["email_verified"] != false {
		t.Errorf("a taken address answers %s, another %s", taken.Text, fresh.Text)
	}
	r := f.Must(t, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+nextPassword+`"}`)
	f.Refused(t, errs.EmailNotVerified, as{Token: r.Str("token")}, "GET", "/merchant", "")
	c := f.Must(t, as{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+nextPassword+`"}`)
	f.Refused(t, errs.EmailNotVerified, as{Token: c.Str("token")}, "GET", "/app", "")
	for _, m := range f.Mails(t) {
		if m.To == "jane@example.com" {
			f.Must(t, as{Token: c.Str("token")}, "POST", "/auth/verify-email", verification(codeInMail.FindStringSubmatch(m.Text)[1]))
		}
	}
	f.Must(t, as{Token: c.Str("token")}, "GET", "/app", "")
}
