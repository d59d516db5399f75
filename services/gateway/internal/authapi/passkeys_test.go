package authapi_test

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
)

func withTicket(ticket string) map[string]any { return map[string]any{"ticket": ticket} }

func TestAPasskeyIsASecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.Register(t, "owner@example.com")
	who := f.Login(t, "/auth/login", "owner@example.com")
	d, made := f.passkey(t, who)
	if codes := made.JSON["recovery_codes"].([]any); len(codes) != 10 {
		t.Errorf("recovery codes are %v", codes)
	}
	f.mailed(t, "owner@example.com", "new passkey")
	f.Refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	login := f.Must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	if got := login.JSON["methods"].([]any); len(got) != 1 || got[0] != "passkey" {
		t.Errorf("the login takes %v", got)
	}
	ticket := login.Str("ticket")
	session := f.Must(t, as{}, "POST", "/auth/mfa/passkey", d.show(t, f.asked(t, ticket), withTicket(ticket)))
	who = as{Token: session.Str("token")}
	row := f.Must(t, who, "GET", "/auth/passkeys", "").Rows()[0]
	if row["name"] != "Laptop" || row["last_used_at"] == nil || row["id"] != made.Str("id") || row["transports"].([]any)[0] != "internal" || len(row["transports"].([]any)) != 1 {
		t.Errorf("the passkey is %v", row)
	}
	state := f.Must(t, who, "GET", "/auth/mfa", "")
	if state.JSON["enabled"] != true || state.JSON["app"] != false || state.JSON["passkeys"] != 1.0 || state.JSON["recovery_codes_left"] != 10.0 {
		t.Errorf("the state is %s", state.Text)
	}
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/passkey/options", `{"ticket":"`+ticket+`"}`) // it is used
}

func TestAPasskeyAloneLogsIn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	d, _ := f.passkey(t, who)
	options := f.Must(t, as{}, "POST", "/auth/login/passkey/options", "")
	r := f.Must(t, as{}, "POST", "/auth/login/passkey", d.show(t, options, nil))
	if me := f.Must(t, as{Token: r.Str("token")}, "GET", "/auth/me", ""); me.Str("email") != "owner@example.com" {
		t.Errorf("logged in as %s", me.Text)
	}
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", d.show(t, options, nil))
	if _, err := f.Pool.Exec(t.Context(), `update users set disabled = true`); err != nil {
		t.Fatal(err)
	}
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", d.show(t, f.Must(t, as{}, "POST", "/auth/login/passkey/options", ""), nil))
	got := f.Rows(t, `select (detail->>'outcome') || ' ' || left(actor, 5) from audit_log where action = 'auth.login' order by id`)
	if strings.Join(got, ", ") != "success user:, failure syste, failure user:" {
		t.Errorf("the log says %q", got)
	}
}

func TestAPasskeyIsAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.StepUp = true })
	who := f.Register(t, "owner@example.com")
	d, made := f.passkey(t, who)
	f.Clock.Advance(5 * time.Minute)
	for _, s := range append([]struct{ method, path, body string }{
		{"POST", "/auth/passkeys/options", ""},
		{"POST", "/auth/passkeys", d.body(t, map[string]any{"name": "x"}, nil)},
		{"DELETE", "/auth/passkeys/" + made.Str("id"), ""},
		{"POST", "/auth/mfa/totp", `{"password":"` + password + `"}`},
		{"POST", "/auth/mfa/recovery-codes", `{}`},
	}, sensitive...) {
		if r := f.Refused(t, errs.StepUpRequired, who, s.method, s.path, s.body); !strings.Contains(r.Text, "a passkey to POST /auth/step-up/passkey") {
			t.Errorf("the answer does not say what to do: %s", r.Text)
		}
	}
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`) // the password is what a thief has
	f.Must(t, who, "POST", "/auth/step-up/passkey", d.show(t, f.Must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil))
	f.Must(t, who, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	if codes := f.Must(t, who, "POST", "/auth/mfa/recovery-codes", `{}`).JSON["recovery_codes"].([]any); len(codes) != 10 {
		t.Errorf("recovery codes are %v", codes)
	}
	f.Must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	f.Must(t, who, "DELETE", "/auth/passkeys/"+made.Str("id"), "")
}

func TestAnAdminsPasskeyIsEnough(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.AdminMFA = true })
	admin := f.Admin(t)
	f.Refused(t, errs.FactorRequired, admin, "GET", "/admin/merchants", "")
	f.passkey(t, admin)
	f.Must(t, admin, "GET", "/admin/merchants", "")
}

// The codes belong to the account: they are created with its first factor, of either kind, and removed with its last.
func TestRecoveryCodesComeWithTheFirstFactorAndGoWithTheLast(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	_, recovery := f.Enrol(t, who)
	_, made := f.passkey(t, who)
	if codes := made.JSON["recovery_codes"].([]any); len(codes) != 0 {
		t.Errorf("the second factor brought codes: %v", codes)
	}
	f.Mails(t)
	f.Must(t, who, "POST", "/auth/mfa/totp/disable", `{"recovery_code":"`+recovery[0]+`"}`)
	if list := f.Mails(t); len(list) != 2 || !strings.Contains(list[0].Subject+list[1].Subject, "authenticator app") {
		t.Errorf("sent %+v", list)
	}
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/mfa/totp/disable", `{"recovery_code":"`+recovery[1]+`"}`)
	f.Must(t, as{}, "POST", "/auth/mfa/verify", `{"ticket":"`+f.ticket(t, "owner@example.com")+`","recovery_code":"`+recovery[1]+`"}`)
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), "123456"))
	f.Mails(t)
	f.Must(t, who, "DELETE", "/auth/passkeys/"+made.Str("id"), "")
	f.mailed(t, "owner@example.com", "no second factor")
	if state := f.Must(t, who, "GET", "/auth/mfa", ""); state.JSON["recovery_codes_left"] != 0.0 || state.JSON["enabled"] != false {
		t.Errorf("the state is %s", state.Text)
	}
	f.Login(t, "/auth/login", "owner@example.com")
	begun := f.Must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+password+`"}`)
	f.passkey(t, who)
	f.Clock.Advance(time.Minute)
	r := f.Must(t, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+f.Code(t, begun.Str("secret"))+`"}`)
	if codes := r.JSON["recovery_codes"].([]any); len(codes) != 0 {
		t.Errorf("the app brought codes after the passkey: %v", codes)
	}
}

func TestPasskeysBelongToTheirUserAndAreAtMostTen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	_, made := f.passkey(t, who)
	path := "/auth/passkeys/" + made.Str("id")
	f.Refused(t, errs.NotFoundCode, other, "PATCH", path, `{"name":"Mine"}`)
	f.Refused(t, errs.NotFoundCode, other, "DELETE", path, "")
	f.Refused(t, errs.NotFoundCode, who, "DELETE", "/auth/passkeys/x", "")
	f.Refused(t, errs.ValidationError, who, "PATCH", path, `{"name":""}`)
	if r := f.Must(t, who, "PATCH", path, `{"name":"Phone"}`); r.Str("name") != "Phone" {
		t.Errorf("renamed to %s", r.Text)
	}
	late := newDevice(t)
	options := f.Must(t, other, "POST", "/auth/passkeys/options", "")
	for range 9 {
		f.passkey(t, who)
	}
	f.Refused(t, errs.InvalidState, who, "POST", "/auth/passkeys/options", "")
	f.Must(t, other, "POST", "/auth/passkeys", late.create(t, options))
	if rows := f.Must(t, who, "GET", "/auth/passkeys", "").Rows(); len(rows) != 10 {
		t.Errorf("%d passkeys", len(rows))
	}
}
