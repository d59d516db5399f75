package authapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
)

// ticket logs in with the password, and expects that the second factor is required.
func (f *fixture) ticket(t *testing.T, email string) string {
	t.Helper()
	r := f.Must(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+password+`"}`)
	if r.JSON["mfa_required"] != true || r.JSON["expires_in"] != 300.0 || r.Str("token") != "" {
		t.Fatalf("the login answers %s", r.Text)
	}
	return r.Str("ticket")
}

func withCode(ticket, code string) string {
	return fmt.Sprintf(`{"ticket":%q,"code":%q}`, ticket, code)
}

func TestASecondFactorIsSetUpAndAskedFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.Register(t, "owner@example.com")
	who := f.Login(t, "/auth/login", "owner@example.com")
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp", `{"password":"wrong"}`)
	begun := f.Must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	u, err := url.Parse(begun.Str("otpauth_url"))
	if err != nil || u.Scheme != "otpauth" || u.Path != "/EU Pay:owner@example.com" || u.Query().Get("secret") != begun.Str("secret") {
		t.Errorf("the app reads %q", begun.Str("otpauth_url"))
	}
	f.Login(t, "/auth/login", "owner@example.com") // it does not count yet
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+f.Wrong(t, begun.Str("secret"))+`"}`)
	secret, recovery := f.Enrol(t, who)
	if len(recovery) != 10 {
		t.Errorf("recovery codes are %v", recovery)
	}
	f.Refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	f.Must(t, who, "GET", "/merchant", "")
	f.Clock.Advance(30 * time.Second)
	r := f.Must(t, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.Code(t, secret)))
	state := f.Must(t, as{Token: r.Str("token")}, "GET", "/auth/mfa", "")
	if state.JSON["enabled"] != true || state.JSON["recovery_codes_left"] != 10.0 || state.JSON["required"] != false {
		t.Errorf("the state is %s", state.Text)
	}
	for _, row := range f.Rows(t, `select encode(secret, 'escape') || (select string_agg(encode(hash, 'escape'), ' ') from recovery_codes) from factors`) {
		if strings.Contains(row, secret) || strings.Contains(row, recovery[0]) {
			t.Error("the factor is stored as it is")
		}
	}
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
}

func TestACodeCountsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	secret, _ := f.Enrol(t, f.Register(t, "owner@example.com"))
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.Code(t, secret)))
	f.Clock.Advance(30 * time.Second)
	code, ticket := f.Code(t, secret), f.ticket(t, "owner@example.com")
	f.Must(t, as{}, "POST", "/auth/mfa/verify", withCode(ticket, code))
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), code))
	f.Clock.Advance(30 * time.Second)
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.Code(t, secret)))
}

func TestATicketExpiresAndAllowsFewAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	secret, _ := f.Enrol(t, f.Register(t, "owner@example.com"))
	f.Clock.Advance(time.Hour)
	ticket := f.ticket(t, "owner@example.com")
	for range 5 {
		f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.Wrong(t, secret)))
	}
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.Code(t, secret)))
	late := f.ticket(t, "owner@example.com")
	f.Clock.Advance(5 * time.Minute)
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(late, f.Code(t, secret)))
	for range 2 { // more tickets do not help
		ticket = f.ticket(t, "owner@example.com")
		for range 5 {
			f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.Wrong(t, secret)))
		}
	}
	f.Refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.Code(t, secret)))
}

func TestARecoveryCodeCountsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, recovery := f.Enrol(t, f.Register(t, "owner@example.com"))
	with := func(code string) string {
		return fmt.Sprintf(`{"ticket":%q,"recovery_code":%q}`, f.ticket(t, "owner@example.com"), code)
	}
	copied := strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))
	r := f.Must(t, as{}, "POST", "/auth/mfa/verify", with(copied))
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", with(recovery[3]))
	f.mailed(t, "owner@example.com", "recovery code")
	who := as{Token: r.Str("token")}
	f.Must(t, who, "POST", "/auth/mfa/recovery-codes", `{"recovery_code":"`+recovery[4]+`"}`)
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", with(recovery[5]))
}

func TestASecondFactorIsRemovedWithTheFactor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	secret, _ := f.Enrol(t, who)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/disable", `{}`)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/disable", `{"code":"`+f.Wrong(t, secret)+`"}`)
	f.Clock.Advance(30 * time.Second)
	f.Must(t, who, "POST", "/auth/mfa/totp/disable", `{"code":"`+f.Code(t, secret)+`"}`)
	f.mailed(t, "owner@example.com", "no second factor")
	f.Login(t, "/auth/login", "owner@example.com")
}

func TestAdminsNeedASecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.AdminMFA = true })
	admin := f.Admin(t)
	f.Refused(t, errs.FactorRequired, admin, "GET", "/admin/merchants", "")
	if state := f.Must(t, admin, "GET", "/auth/mfa", ""); state.JSON["required"] != true {
		t.Errorf("the state is %s", state.Text)
	}
	f.Enrol(t, admin)
	f.Must(t, admin, "GET", "/admin/merchants", "")
	f.Must(t, f.Register(t, "owner@example.com"), "GET", "/merchant", "")
}

// sensitive are actions that an unattended session must not permit.
var sensitive = []struct{ method, path, body string }{
	{"PATCH", "/merchant", `{"iban":"DE89370400440532013000"}`},
	{"POST", "/merchant/api-keys", `{"name":"Shop"}`},
	{"POST", "/merchant/api-keys/" + nobody + "/rotate", ""},
	{"POST", "/merchant/team", `{"email":"staff@example.com","password":"` + nextPassword + `","role":"staff"}`},
	{"PATCH", "/merchant/team/" + nobody, `{"role":"staff"}`},
	{"DELETE", "/merchant/team/" + nobody, ""},
	{"GET", "/merchant/audit/export?format=csv", ""},
}

func TestActionsThatGiveAwayMoneyOrAccessRequireAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.StepUp = true })
	who := f.Register(t, "owner@example.com")
	f.Must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`) // the login itself is a proof
	f.Clock.Advance(5 * time.Minute)
	for _, s := range sensitive {
		if r := f.Refused(t, errs.StepUpRequired, who, s.method, s.path, s.body); !strings.Contains(r.Text, "your password to POST /auth/step-up") {
			t.Errorf("the answer does not say what to do: %s", r.Text)
		}
	}
	f.Must(t, who, "PATCH", "/merchant", `{"legal_status":"SAS"}`)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"wrong"}`)
	f.Must(t, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	for _, s := range sensitive {
		if r := f.Call(t, who, s.method, s.path, s.body); r.Code() == string(errs.StepUpRequired) {
			t.Errorf("%s %s answers %s", s.method, s.path, r.Text)
		}
	}
}

// Users with a second factor step up with it: the password may be stolen.
func TestTheSecondFactorIsTheProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.StepUp = true })
	who := f.Register(t, "owner@example.com")
	secret, _ := f.Enrol(t, who)
	f.Clock.Advance(5 * time.Minute)
	f.Refused(t, errs.StepUpRequired, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	f.Must(t, who, "POST", "/auth/step-up", `{"code":"`+f.Code(t, secret)+`"}`)
	f.Must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
}
