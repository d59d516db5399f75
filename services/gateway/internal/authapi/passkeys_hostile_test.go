package authapi_test

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

func TestAPasskeyOfAnotherPageOrPersonIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	d, _ := f.passkey(t, who)
	thief, _ := f.passkey(t, f.Register(t, "thief@example.com"))
	for name, spoil := range map[string]func(d *device){
		"another page":          func(d *device) { d.origin = "http://localhost.evil.example" },
		"another port":          func(d *device) { d.origin = "http://localhost:8081" },
		"another domain":        func(d *device) { d.domain = "evil.example" },
		"nobody verified":       func(d *device) { d.flags = userPresent },
		"nobody there":          func(d *device) { d.flags = userVerified },
		"another kind of key":   func(d *device) { d.flags |= backupEligible },
		"another private key":   func(d *device) { d.key = thief.key },
		"somebody else's":       func(d *device) { *d = *thief },
		"somebody else's, lent": func(d *device) { d.key, d.id = thief.key, thief.id },
		"of another owner":      func(d *device) { d.owner = thief.owner },
		"an unknown one":        func(d *device) { d.id = []byte("unknown") },
	} {
		bad := *d
		spoil(&bad)
		f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", bad.show(t, f.Must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil))
		ticket := f.ticket(t, "owner@example.com")
		f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/passkey", bad.show(t, f.asked(t, ticket), withTicket(ticket)))
		if name != "somebody else's" { // who may log in with it
			f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", bad.show(t, f.Must(t, as{}, "POST", "/auth/login/passkey/options", ""), nil))
		}
		f.Clock.Advance(3 * time.Minute) // tries are counted
		f.Must(t, as{}, "POST", "/auth/mfa/passkey", d.show(t, f.asked(t, ticket), withTicket(ticket)))
		who = as{Token: f.Must(t, as{}, "POST", "/auth/login/passkey", d.show(t, f.Must(t, as{}, "POST", "/auth/login/passkey/options", ""), nil)).Str("token")}
	}
	if n := len(f.Rows(t, `select detail->>'ip' from audit_log where action = 'auth.factor' and detail->>'outcome' = 'failure'`)); n != 22 {
		t.Errorf("the log has %d refusals", n)
	}
}

func TestANewPasskeyOfAnotherPageIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	taken, _ := f.passkey(t, other)
	for name, spoil := range map[string]func(d *device){
		"another page":    func(d *device) { d.origin = "http://evil.example" },
		"another domain":  func(d *device) { d.domain = "evil.example" },
		"nobody verified": func(d *device) { d.flags = userPresent },
		"registered":      func(d *device) { d.id = taken.id },
	} {
		d := newDevice(t)
		spoil(d)
		if r := f.Refused(t, errs.ValidationError, who, "POST", "/auth/passkeys", d.create(t, f.Must(t, who, "POST", "/auth/passkeys/options", ""))); r.Fields() != "credential" {
			t.Errorf("%s: %s", name, r.Text)
		}
	}
	for _, body := range []string{`{"name":"x"}`, `{"name":"x","credential":null}`, `{"name":"x","credential":"{}"}`, `{"name":"x","credential":{}}`, `{"credential":{}}`} {
		f.Refused(t, errs.ValidationError, who, "POST", "/auth/passkeys", body)
	}
	if rows := f.Must(t, who, "GET", "/auth/passkeys", "").Rows(); len(rows) != 0 {
		t.Errorf("there are %v", rows)
	}
	f.Login(t, "/auth/login", "owner@example.com")
}

// A challenge is for one answer, within 5 minutes, by the same user and for the same purpose.
func TestAChallengeIsUsedOnceForItsPurpose(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, thief := f.Register(t, "owner@example.com"), f.Register(t, "thief@example.com")
	d, _ := f.passkey(t, who)
	his, _ := f.passkey(t, thief)
	stepUp := func(w as) reply { return f.Must(t, w, "POST", "/auth/step-up/passkey/options", "") }
	shown := d.show(t, stepUp(who), nil)
	f.Must(t, who, "POST", "/auth/step-up/passkey", shown)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", shown)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", d.show(t, stepUp(thief), nil))
	f.Refused(t, errs.ValidationError, thief, "POST", "/auth/step-up/passkey", his.show(t, stepUp(who), nil))
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", d.show(t, f.Must(t, as{}, "POST", "/auth/login/passkey/options", ""), nil))
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login/passkey", d.show(t, stepUp(who), nil))
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", d.show(t, f.Must(t, who, "POST", "/auth/passkeys/options", ""), nil))
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/passkeys", newDevice(t).create(t, withUser(stepUp(who), d)))
	first := stepUp(who)
	stepUp(who)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", d.show(t, first, nil)) // it was asked again
	ticket, other := f.ticket(t, "owner@example.com"), f.ticket(t, "owner@example.com")
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/passkey", d.show(t, f.asked(t, ticket), withTicket(other)))
	f.Clock.Advance(5 * time.Minute)
	late := stepUp(who)
	f.Clock.Advance(5 * time.Minute)
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", d.show(t, late, nil))
	f.Must(t, who, "POST", "/auth/step-up/passkey", d.show(t, stepUp(who), nil))
}

// withUser makes options look as if they were for a new passkey.
func withUser(options reply, d *device) reply {
	options.JSON["publicKey"].(map[string]any)["user"] = map[string]any{"id": base64url(d.owner)}
	return options
}

func TestAPasskeyWhoseCountGoesBackIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	d, _ := f.passkey(t, who)
	d.count = 7
	show := func() string { return d.show(t, f.Must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil) }
	f.Must(t, who, "POST", "/auth/step-up/passkey", show())
	copied := *d
	f.Must(t, who, "POST", "/auth/step-up/passkey", show())
	*d = copied // it counts to where the other one is
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", show())
	d.count = 0
	f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", show())
	if n := len(f.Rows(t, `select target from audit_log where action = 'passkey.cloned'`)); n != 2 {
		t.Errorf("the log has %d warnings", n)
	}
	if got := f.Rows(t, `select sign_count::text from passkeys`); strings.Join(got, "") != "9" {
		t.Errorf("the count is %v", got)
	}
	d.count = 20
	f.Must(t, who, "POST", "/auth/step-up/passkey", show())
}

func TestAttemptsWithPasskeysAreCounted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	d, _ := f.passkey(t, who)
	bad := *d
	bad.flags = userPresent
	ticket := f.ticket(t, "owner@example.com")
	for range 5 {
		f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/passkey", bad.show(t, f.asked(t, ticket), withTicket(ticket)))
	}
	f.Refused(t, errs.Unauthenticated, as{}, "POST", "/auth/mfa/passkey/options", `{"ticket":"`+ticket+`"}`)
	for range 5 {
		f.Refused(t, errs.ValidationError, who, "POST", "/auth/step-up/passkey", bad.show(t, f.Must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil))
	}
	f.Refused(t, errs.RateLimitExceeded, who, "POST", "/auth/step-up/passkey", d.show(t, f.Must(t, who, "POST", "/auth/step-up/passkey/options", ""), nil))
}
