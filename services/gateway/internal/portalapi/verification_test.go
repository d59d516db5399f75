package portalapi

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

func verifying(d *account.Deps) { d.Verification = true }

func verification(code string) string { return `{"token":"` + code + `"}` }

func TestAnAddressIsVerifiedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	who := f.register(t, "owner@example.com")
	for _, path := range []string{"/merchant", "/merchant/team", "/auth/sessions", "/webhook-endpoints"} {
		f.refused(t, errs.EmailNotVerified, who, "GET", path, "")
	}
	f.refused(t, errs.EmailNotVerified, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	if me := f.must(t, who, "GET", "/auth/me", ""); me.json["email_verified"] != false {
		t.Errorf("me is %s", me.text)
	}
	if n := f.rows(t, `select event_type from outbox`); len(n) != 0 {
		t.Errorf("announced %v", n)
	}
	code := f.mailed(t, "owner@example.com", "Verify")
	if r := f.refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification("wrong")); r.fields() != "token" {
		t.Errorf("refused %s", r.text)
	}
	f.must(t, who, "POST", "/auth/verify-email", verification(code))
	f.must(t, who, "GET", "/merchant", "")
	if n := f.rows(t, `select event_type from outbox`); len(n) != 1 || n[0] != "merchant.registered" {
		t.Errorf("announced %v", n)
	}
	f.refused(t, errs.InvalidState, who, "POST", "/auth/verify-email", verification(code))
}

// Nobody learns from a registration who has an account, nor from the login after it; and its owner loses nothing.
func TestRegisteringATakenAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	owner := f.register(t, "owner@example.com")
	f.must(t, owner, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	fresh, taken := f.registerAs(t, "new@example.com", nextPassword), f.registerAs(t, "Owner@example.com", nextPassword)
	if got, want := strings.Join(keysOf(taken.json), " "), strings.Join(keysOf(fresh.json), " "); got != want || taken.status != fresh.status {
		t.Errorf("a taken address answers %d %s, another %d %s", taken.status, got, fresh.status, want)
	}
	for _, email := range []string{"new@example.com", "owner@example.com"} {
		r := f.must(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+nextPassword+`"}`)
		f.refused(t, errs.EmailNotVerified, as{token: r.str("token")}, "GET", "/merchant", "")
	}
	f.login(t, "/auth/login", "owner@example.com")
	subjects := map[string]string{}
	for _, m := range f.mails(t) {
		subjects[m.To] += m.Subject
	}
	if !strings.HasPrefix(subjects["new@example.com"], "Verify") || !strings.HasPrefix(subjects["owner@example.com"], "You already have") {
		t.Errorf("sent %v", subjects)
	}
}

func (f *fixture) registerAs(t *testing.T, email, word string) reply {
	t.Helper()
	return f.must(t, as{}, "POST", "/auth/register", `{"email":"`+email+`","password":"`+word+`","name":"Shop"}`)
}

// A stranger who gives an address does not take it, and a code opens only the account that it was mailed for: whoever reads the mails
// does not verify the stranger's account for the stranger.
func TestAnUnverifiedAddressIsNotTaken(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	stranger := as{token: f.registerAs(t, "jane@example.com", "a stranger's password").str("token")}
	strangersCode := f.mailed(t, "jane@example.com", "Verify")
	jane := as{token: f.registerAs(t, "jane@example.com", nextPassword).str("token")}
	f.refused(t, errs.ValidationError, jane, "POST", "/auth/verify-email", verification(strangersCode))
	f.must(t, jane, "POST", "/auth/verify-email", verification(f.mailed(t, "jane@example.com", "Verify")))
	f.must(t, jane, "GET", "/merchant", "")
	f.refused(t, errs.Unauthenticated, stranger, "POST", "/auth/verify-email", verification(strangersCode))
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"jane@example.com","password":"a stranger's password"}`)
	if left := f.rows(t, `select id::text from merchants`); len(left) != 1 {
		t.Errorf("%d merchants are left", len(left))
	}
}

func TestACodeIsSentAgainAndTheAddressCorrected(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	who := f.register(t, "ownr@example.com")
	first := f.mailed(t, "ownr@example.com", "Verify")
	f.must(t, who, "POST", "/auth/verify-email/resend", "")
	second := f.mailed(t, "ownr@example.com", "Verify")
	f.refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(first))
	f.must(t, who, "POST", "/auth/verify-email/address", `{"email":"owner@example.com"}`)
	f.refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(second))
	f.must(t, who, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	if m := f.must(t, who, "GET", "/merchant", ""); m.str("email") != "owner@example.com" {
		t.Errorf("the merchant is %s", m.text)
	}
	f.refused(t, errs.InvalidState, who, "POST", "/auth/verify-email/address", `{"email":"other@example.com"}`)
	f.refused(t, errs.InvalidState, who, "POST", "/auth/verify-email/resend", "")
}

func TestACodeIsGoodForADay(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	f.register(t, "owner@example.com")
	code := f.mailed(t, "owner@example.com", "Verify")
	f.clock.Advance(24 * time.Hour)
	who := f.login(t, "/auth/login", "owner@example.com")
	f.refused(t, errs.ValidationError, who, "POST", "/auth/verify-email", verification(code))
}

// Members and customers, too, are who they say; and to add somebody tells nothing about the address.
func TestMembersAndCustomersVerify(t *testing.T) {
	t.Parallel()
	f := setup(t, verifying)
	owner := f.register(t, "owner@example.com")
	f.must(t, owner, "POST", "/auth/verify-email", verification(f.mailed(t, "owner@example.com", "Verify")))
	add := func(email string) reply {
		return f.must(t, owner, "POST", "/merchant/team", `{"email":"`+email+`","password":"`+nextPassword+`","role":"staff"}`)
	}
	if taken, fresh := add("owner@example.com"), add("staff@example.com"); taken.status != fresh.status || fresh.json["email_verified"] != false {
		t.Errorf("a taken address answers %s, another %s", taken.text, fresh.text)
	}
	r := f.must(t, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+nextPassword+`"}`)
	f.refused(t, errs.EmailNotVerified, as{token: r.str("token")}, "GET", "/merchant", "")
	c := f.must(t, as{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+nextPassword+`"}`)
	f.refused(t, errs.EmailNotVerified, as{token: c.str("token")}, "GET", "/customer/loyalty", "")
	for _, m := range f.mails(t) {
		if m.To == "jane@example.com" {
			f.must(t, as{token: c.str("token")}, "POST", "/auth/verify-email", verification(codeInMail.FindStringSubmatch(m.Text)[1]))
		}
	}
	f.must(t, as{token: c.str("token")}, "GET", "/customer/loyalty", "")
}
