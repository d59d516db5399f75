package portalapi

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

func withTicket(ticket string) map[string]any { return map[string]any{"ticket": ticket} }

func TestAPasskeyIsASecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.register(t, "owner@example.com")
	who := f.login(t, "/auth/login", "owner@example.com")
	d, made := f.passkey(t, who)
	if codes := made.json["recovery_codes"].([]any); len(codes) != 10 {
		t.Errorf("recovery codes are %v", codes)
	}
	f.mailed(t, "owner@example.com", "new passkey")
	f.refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	login := f.must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	if got := login.json["methods"].([]any); len(got) != 1 || got[0] != "passkey" {
		t.Errorf("the login takes %v", got)
	}
	ticket := login.str("ticket")
	session := f.must(t, as{}, "POST", "/auth/mfa/passkey", d.show(t, f.asked(t, ticket), withTicket(ticket)))
	who = as{token: session.str("token")}
	row := f.must(t, who, "GET", "/auth/passkeys", "").rows()[0]
	if row["name"] != "Laptop" || row["last_used_at"] == nil || row["id"] != made.str("id") || row["transports"].([]any)[0] != "internal" || len(row["transports"].([]any)) != 1 {
		t.Errorf("the passkey is %v", row)
	}
	state := f.must(t, who, "GET", "/auth/mfa", "")
	if state.json["enabled"] != true || state.json["app"] != false || state.json["passkeys"] != 1.0 || state.json["recovery_codes_left"] != 10.0 {
		t.Errorf("the state is %s", state.text)
	}
	f.refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/passkey/options", `{"ticket":"`+ticket+`"}`) // it is used
}

func TestAPasskeyAloneLogsIn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.register(t, "owner@example.com")
	d, _ := f.passkey(t, who)
	options := f.must(t, as{}, "POST", "/auth/login/passkey/options", "")
	r := f.must(t, as{}, "POST", "/auth/login/passkey", d.show(t, options, nil))
	if me := f.must(t, as{token: r.str("token")}, "GET", "/auth/me", ""); me.str("email") != "owner@example.com" {
		t.Errorf("logged in as %s", me.text)
	}
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", d.show(t, options, nil))
	if _, err := f.pool.Exec(t.Context(), `update users set disabled = true`); err != nil {
		t.Fatal(err)
	}
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", d.show(t, f.must(t, as{}, "POST", "/auth/login/passkey/options", ""), nil))
	got := f.rows(t, `select (detail->>'outcome') || ' ' || left(actor, 5) from audit_log where action = 'auth.login' order by id`)
	if strings.Join(got, ", ") != "success user:, failure syste, failure user:" {
		t.Errorf("the log says %q", got)
	}
}

func TestAPasskeyIsAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.StepUp = true })
	who := f.register(t, "owner@example.com")
	d, made := f.passkey(t, who)
	f.clock.Advance(5 * time.Minute)
	for _, s := range append([]struct{ method, path, body string }{
		{"POST", "/auth/passkeys/options", ""},
		{"POST", "/auth/passkeys", d.body(t, map[string]any{"name": "x"}, nil)},
		{"DELETE", "/auth/passkeys/" + made.str("id"), ""},
		{"POST", "/auth/mfa/totp", `{"password":"` + password + `"}`},
		{"POST", "/auth/mfa/recovery-codes", `{}`},
	}, sensitive...) {
		if r := f.refused(t, errs.StepUpRequired, who, s.method, s.path, s.body); !strings.Contains(r.text, "a passkey to POST /auth/step-up/passkey") {
			t.Errorf("the answer does not say what to do: %s", r.text)
		}
	}
	f.refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`) // the password is what a thief has
	f.must(t, who, "POST", "/auth/step-up/passkey", d.show(t, f.must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil))
	f.must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	if codes := f.must(t, who, "POST", "/auth/mfa/recovery-codes", `{}`).json["recovery_codes"].([]any); len(codes) != 10 {
		t.Errorf("recovery codes are %v", codes)
	}
	f.must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	f.must(t, who, "DELETE", "/auth/passkeys/"+made.str("id"), "")
}

func TestAnAdminsPasskeyIsEnough(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.AdminMFA = true })
	admin := f.admin(t)
	f.refused(t, errs.FactorRequired, admin, "GET", "/admin/merchants", "")
	f.passkey(t, admin)
	f.must(t, admin, "GET", "/admin/merchants", "")
}

// The codes belong to the account: they come with its first factor, of either kind, and go with its last.
func TestRecoveryCodesComeWithTheFirstFactorAndGoWithTheLast(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.register(t, "owner@example.com")
	_, recovery := f.enrol(t, who)
	_, made := f.passkey(t, who)
	if codes := made.json["recovery_codes"].([]any); len(codes) != 0 {
		t.Errorf("the second factor brought codes: %v", codes)
	}
	f.mails(t)
	f.must(t, who, "POST", "/auth/mfa/totp/disable", `{"recovery_code":"`+recovery[0]+`"}`)
	if list := f.mails(t); len(list) != 2 || !strings.Contains(list[0].Subject+list[1].Subject, "authenticator app") {
		t.Errorf("sent %+v", list)
	}
	f.refused(t, errs.InvalidState, who, "POST", "/auth/mfa/totp/disable", `{"recovery_code":"`+recovery[1]+`"}`)
	f.must(t, as{}, "POST", "/auth/mfa/verify", `{"ticket":"`+f.ticket(t, "owner@example.com")+`","recovery_code":"`+recovery[1]+`"}`)
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), "123456"))
	f.mails(t)
	f.must(t, who, "DELETE", "/auth/passkeys/"+made.str("id"), "")
	f.mailed(t, "owner@example.com", "no second factor")
	if state := f.must(t, who, "GET", "/auth/mfa", ""); state.json["recovery_codes_left"] != 0.0 || state.json["enabled"] != false {
		t.Errorf("the state is %s", state.text)
	}
	f.login(t, "/auth/login", "owner@example.com")
	begun := f.must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	f.passkey(t, who)
	f.clock.Advance(time.Minute)
	r := f.must(t, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+f.code(t, begun.str("secret"))+`"}`)
	if codes := r.json["recovery_codes"].([]any); len(codes) != 0 {
		t.Errorf("the app brought codes after the passkey: %v", codes)
	}
}

func TestPasskeysAreTheirUsersAndTen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	_, made := f.passkey(t, who)
	path := "/auth/passkeys/" + made.str("id")
	f.refused(t, errs.NotFoundCode, other, "PATCH", path, `{"name":"Mine"}`)
	f.refused(t, errs.NotFoundCode, other, "DELETE", path, "")
	f.refused(t, errs.NotFoundCode, who, "DELETE", "/auth/passkeys/x", "")
	f.refused(t, errs.ValidationError, who, "PATCH", path, `{"name":""}`)
	if r := f.must(t, who, "PATCH", path, `{"name":"Phone"}`); r.str("name") != "Phone" {
		t.Errorf("renamed to %s", r.text)
	}
	late := newDevice(t)
	options := f.must(t, other, "POST", "/auth/passkeys/options", "")
	for range 9 {
		f.passkey(t, who)
	}
	f.refused(t, errs.InvalidState, who, "POST", "/auth/passkeys/options", "")
	f.must(t, other, "POST", "/auth/passkeys", late.create(t, options))
	if rows := f.must(t, who, "GET", "/auth/passkeys", "").rows(); len(rows) != 10 {
		t.Errorf("%d passkeys", len(rows))
	}
}
