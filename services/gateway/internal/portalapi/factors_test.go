package portalapi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

// code is what the authenticator app shows now.
func (f *fixture) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, f.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// wrong is a code of long ago.
func (f *fixture) wrong(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, f.clock.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol sets up a second factor and returns its secret and the recovery codes. Its code of the moment is used up.
func (f *fixture) enrol(t *testing.T, who as) (secret string, recovery []string) {
	t.Helper()
	secret = f.must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`).str("secret")
	r := f.must(t, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+f.code(t, secret)+`"}`)
	for _, c := range r.json["recovery_codes"].([]any) {
		recovery = append(recovery, c.(string))
	}
	f.mails(t)
	return secret, recovery
}

// ticket logs in with the password, which is not enough.
func (f *fixture) ticket(t *testing.T, email string) string {
	t.Helper()
	r := f.must(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+password+`"}`)
	if r.json["mfa_required"] != true || r.json["expires_in"] != 300.0 || r.str("token") != "" {
		t.Fatalf("the login answers %s", r.text)
	}
	return r.str("ticket")
}

func withCode(ticket, code string) string {
	return fmt.Sprintf(`{"ticket":%q,"code":%q}`, ticket, code)
}

func TestASecondFactorIsSetUpAndAskedFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.register(t, "owner@example.com")
	who := f.login(t, "/auth/login", "owner@example.com")
	f.refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp", `{"password":"wrong"}`)
	begun := f.must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	u, err := url.Parse(begun.str("otpauth_url"))
	if err != nil || u.Scheme != "otpauth" || u.Path != "/EU Pay:owner@example.com" || u.Query().Get("secret") != begun.str("secret") {
		t.Errorf("the app reads %q", begun.str("otpauth_url"))
	}
	f.login(t, "/auth/login", "owner@example.com") // it does not count yet
	f.refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+f.wrong(t, begun.str("secret"))+`"}`)
	secret, recovery := f.enrol(t, who)
	if len(recovery) != 10 {
		t.Errorf("recovery codes are %v", recovery)
	}
	f.refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	f.must(t, who, "GET", "/merchant", "")
	f.clock.Advance(30 * time.Second)
	r := f.must(t, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.code(t, secret)))
	state := f.must(t, as{token: r.str("token")}, "GET", "/auth/mfa", "")
	if state.json["enabled"] != true || state.json["recovery_codes_left"] != 10.0 || state.json["required"] != false {
		t.Errorf("the state is %s", state.text)
	}
	for _, row := range f.rows(t, `select encode(secret, 'escape') || (select string_agg(encode(hash, 'escape'), ' ') from recovery_codes) from factors`) {
		if strings.Contains(row, secret) || strings.Contains(row, recovery[0]) {
			t.Error("the factor is stored as it is")
		}
	}
	f.refused(t, errs.InvalidState, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
}

func TestACodeCountsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	secret, _ := f.enrol(t, f.register(t, "owner@example.com"))
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.code(t, secret)))
	f.clock.Advance(30 * time.Second)
	code, ticket := f.code(t, secret), f.ticket(t, "owner@example.com")
	f.must(t, as{}, "POST", "/auth/mfa/verify", withCode(ticket, code))
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), code))
	f.clock.Advance(30 * time.Second)
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.code(t, secret)))
}

func TestATicketEndsAndBearsFewAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	secret, _ := f.enrol(t, f.register(t, "owner@example.com"))
	f.clock.Advance(time.Hour)
	ticket := f.ticket(t, "owner@example.com")
	for range 5 {
		f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.wrong(t, secret)))
	}
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.code(t, secret)))
	late := f.ticket(t, "owner@example.com")
	f.clock.Advance(5 * time.Minute)
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/verify", withCode(late, f.code(t, secret)))
	for range 2 { // more tickets do not help
		ticket = f.ticket(t, "owner@example.com")
		for range 5 {
			f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(ticket, f.wrong(t, secret)))
		}
	}
	f.refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.code(t, secret)))
}

func TestARecoveryCodeCountsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, recovery := f.enrol(t, f.register(t, "owner@example.com"))
	with := func(code string) string {
		return fmt.Sprintf(`{"ticket":%q,"recovery_code":%q}`, f.ticket(t, "owner@example.com"), code)
	}
	copied := strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))
	r := f.must(t, as{}, "POST", "/auth/mfa/verify", with(copied))
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", with(recovery[3]))
	f.mailed(t, "owner@example.com", "recovery code")
	who := as{token: r.str("token")}
	f.must(t, who, "POST", "/auth/mfa/recovery-codes", `{"recovery_code":"`+recovery[4]+`"}`)
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", with(recovery[5]))
}

func TestASecondFactorIsRemovedWithTheFactor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.register(t, "owner@example.com")
	secret, _ := f.enrol(t, who)
	f.refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/disable", `{}`)
	f.refused(t, errs.ValidationError, who, "POST", "/auth/mfa/totp/disable", `{"code":"`+f.wrong(t, secret)+`"}`)
	f.clock.Advance(30 * time.Second)
	f.must(t, who, "POST", "/auth/mfa/totp/disable", `{"code":"`+f.code(t, secret)+`"}`)
	f.mailed(t, "owner@example.com", "no second factor")
	f.login(t, "/auth/login", "owner@example.com")
}

func TestAdminsNeedASecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.AdminMFA = true })
	admin := f.admin(t)
	f.refused(t, errs.FactorRequired, admin, "GET", "/admin/merchants", "")
	if state := f.must(t, admin, "GET", "/auth/mfa", ""); state.json["required"] != true {
		t.Errorf("the state is %s", state.text)
	}
	f.enrol(t, admin)
	f.must(t, admin, "GET", "/admin/merchants", "")
	f.must(t, f.register(t, "owner@example.com"), "GET", "/merchant", "")
}

// sensitive is what a session that was left open must not do.
var sensitive = []struct{ method, path, body string }{
	{"PATCH", "/merchant", `{"iban":"DE89370400440532013000"}`},
	{"POST", "/merchant/api-keys", `{"name":"Shop"}`},
	{"POST", "/merchant/api-keys/" + nobody + "/rotate", ""},
	{"POST", "/merchant/team", `{"email":"staff@example.com","password":"` + nextPassword + `","role":"staff"}`},
	{"PATCH", "/merchant/team/" + nobody, `{"role":"staff"}`},
	{"DELETE", "/merchant/team/" + nobody, ""},
	{"POST", "/webhook-endpoints/" + nobody + "/rotate-secret", ""},
	{"GET", "/merchant/audit/export?format=csv", ""},
}

func TestWhatGivesMoneyOrAccessAwayWantsAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.StepUp = true })
	who := f.register(t, "owner@example.com")
	key := f.must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`) // the login itself is a proof
	f.clock.Advance(5 * time.Minute)
	for _, s := range sensitive {
		if r := f.refused(t, errs.StepUpRequired, who, s.method, s.path, s.body); !strings.Contains(r.text, "your password to POST /auth/step-up") {
			t.Errorf("the answer does not say what to do: %s", r.text)
		}
	}
	f.must(t, who, "PATCH", "/merchant", `{"legal_status":"SAS"}`)
	f.must(t, as{public: key.str("api_key"), secret: key.str("api_secret")}, "GET", "/webhook-endpoints", "")
	f.refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"wrong"}`)
	f.must(t, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	for _, s := range sensitive {
		if r := f.call(t, who, s.method, s.path, s.body); r.code() == string(errs.StepUpRequired) {
			t.Errorf("%s %s answers %s", s.method, s.path, r.text)
		}
	}
}

// Who has a second factor steps up with it: the password is what a thief has.
func TestTheSecondFactorIsTheProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.StepUp = true })
	who := f.register(t, "owner@example.com")
	secret, _ := f.enrol(t, who)
	f.clock.Advance(5 * time.Minute)
	f.refused(t, errs.StepUpRequired, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	f.refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	f.must(t, who, "POST", "/auth/step-up", `{"code":"`+f.code(t, secret)+`"}`)
	f.must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
}
