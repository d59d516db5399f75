package merchantapi_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	other := f.Register(t, "other@example.com")
	before := f.Must(t, owner, "GET", "/merchant", "")
	if before.Str("iban") != iban || before.JSON["gateway_enabled"] != false || before.Str("created_at") != "2026-06-17T12:00:00.000Z" {
		t.Errorf("got %s", before.Text)
	}
	changed := f.Must(t, owner, "PATCH", "/merchant", `{"name":"Crème","siren":"732 829 320","iban":"DE89 3704 0044 0532 0130 00","bic":"COBADEFFXXX","wait_for_settlement":true}`)
	after := f.Must(t, owner, "GET", "/merchant", "")
	if after.Text != changed.Text || after.Str("name") != "Crème" || after.Str("iban") != "DE89370400440532013000" || after.JSON["wait_for_settlement"] != true {
		t.Errorf("got %s, then %s", changed.Text, after.Text)
	}
	if r := f.Must(t, other, "GET", "/merchant", ""); r.Str("iban") != iban {
		t.Errorf("another merchant changed too: %s", r.Text)
	}
}

func TestAMerchantManagesOnlyItsOwnTeam(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.People(t)
	f.Clock.Advance(time.Second)
	stranger := f.Register(t, "stranger@example.com")
	r := f.Must(t, people[rights.RoleStaff], "GET", "/merchant/team", "")
	if len(r.Rows()) != 3 || r.JSON["pagination"].(map[string]any)["total"] != 3.0 || strings.Contains(r.Text, "hash") || strings.Contains(r.Text, "$2a$") {
		t.Errorf("got %s", r.Text)
	}
	if r := f.Must(t, stranger, "GET", "/merchant/team?limit=1", ""); len(r.Rows()) != 1 || r.Rows()[0]["email"] != "stranger@example.com" {
		t.Errorf("got %s", r.Text)
	}
}

func TestKeysFromCreationToRevocation(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	made := f.Must(t, owner, "POST", "/merchant/api-keys",
		`{"name":"Shop","livemode":true,"scopes":["payments:read"],"allowed_ips":["192.0.2.7","2001:db8::/32"],"per_minute":5,"expires_at":"2027-01-01T00:00:00+01:00"}`)
	public, secret, path := made.Str("api_key"), made.Str("api_secret"), "/merchant/api-keys/"+made.Str("id")
	if made.Status != 201 || !strings.HasPrefix(public, "pk_live_") || !strings.HasPrefix(secret, "sk_live_") || made.Str("expires_at") != "2026-12-31T23:00:00.000Z" {
		t.Errorf("made %s", made.Text)
	}
	works := func(secret string) bool {
		_, err := f.Accounts.Keys.Authenticate(t.Context(), public, secret, netip.MustParseAddr("192.0.2.7"))
		return err == nil
	}
	if !works(secret) {
		t.Fatal("the new key does not work")
	}
	list := f.Must(t, owner, "GET", "/merchant/api-keys", "")
	if len(list.Rows()) != 1 || list.Rows()[0]["api_key"] != public || strings.Contains(list.Text, "secret") || strings.Contains(list.Text, "$2a$") || !strings.Contains(list.Text, `["192.0.2.7","2001:db8::/32"]`) {
		t.Errorf("listed %s", list.Text)
	}
	changed := f.Must(t, owner, "PATCH", path, `{"name":"Till","scopes":["payments:read","refunds:write"],"allowed_ips":[],"per_minute":6}`)
	if changed.Str("name") != "Till" || changed.JSON["per_minute"] != 6.0 || !strings.Contains(changed.Text, `"allowed_ips":[]`) || strings.Contains(changed.Text, "secret") {
		t.Errorf("changed to %s", changed.Text)
	}
	rotated := f.Must(t, owner, "POST", path+"/rotate", `{"overlap_seconds":60}`).Str("api_secret")
	if !works(secret) || !works(rotated) || rotated == secret {
		t.Error("both secrets should work during the overlap")
	}
	last := f.Must(t, owner, "POST", path+"/rotate", "").Str("api_secret")
	if works(secret) || works(rotated) || !works(last) {
		t.Error("only the last secret should work")
	}
	if r := f.Must(t, owner, "DELETE", path, ""); r.Status != 204 || works(last) {
		t.Errorf("revoking answers %d %s", r.Status, r.Text)
	}
	f.Refused(t, errs.InvalidState, owner, "PATCH", path, `{"name":"x"}`)
	f.Refused(t, errs.InvalidState, owner, "POST", path+"/rotate", "")
}

func TestKeysOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.Register(t, "owner@example.com"), f.Register(t, "stranger@example.com")
	made := f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	var absent string
	for i, id := range []string{nobody, made.Str("id"), "x", "'"} {
		path := "/merchant/api-keys/" + id
		r := f.Refused(t, errs.NotFoundCode, stranger, "PATCH", path, `{"name":"mine"}`)
		if i == 0 {
			absent = r.Text
		}
		if r.Text != absent {
			t.Errorf("%s is told apart from what is absent: %s", id, r.Text)
		}
		f.Refused(t, errs.NotFoundCode, stranger, "DELETE", path, "")
		f.Refused(t, errs.NotFoundCode, stranger, "POST", path+"/rotate", "")
	}
	if r := f.Must(t, stranger, "GET", "/merchant/api-keys", ""); len(r.Rows()) != 0 || !strings.Contains(r.Text, `"data":[]`) {
		t.Errorf("listed %s", r.Text)
	}
	if _, err := f.Accounts.Keys.Authenticate(t.Context(), made.Str("api_key"), made.Str("api_secret"), netip.Addr{}); err != nil {
		t.Error(err)
	}
}

func TestTheBoundOfRefundsIsLoweredAndRaisedWithAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *directory.Deps) { d.StepUp = true })
	who := f.Register(t, "owner@example.com")
	change := func(value string) string { return `{"refund_step_up_above":` + value + `}` }
	if r := f.Must(t, who, "GET", "/merchant", ""); r.JSON["refund_step_up_above"] != 500.0 {
		t.Errorf("a new merchant has %s", r.Text)
	}
	if r := f.Must(t, who, "PATCH", "/merchant", change("99.5")); r.JSON["refund_step_up_above"] != 99.5 {
		t.Errorf("changed to %s", r.Text)
	}
	f.Must(t, who, "PATCH", "/merchant", `{"name":"Other"}`)
	for _, bad := range []string{"-1", "1000000.01", "1.001", `"5"`} {
		if r := f.Refused(t, errs.ValidationError, who, "PATCH", "/merchant", change(bad)); r.Fields() != "refund_step_up_above" {
			t.Errorf("%s: %s", bad, r.Text)
		}
	}
	f.Clock.Advance(5 * time.Minute)
	f.Refused(t, errs.StepUpRequired, who, "PATCH", "/merchant", change("null"))
	f.Refused(t, errs.StepUpRequired, who, "PATCH", "/merchant", change("600"))
	if r := f.Must(t, who, "GET", "/merchant", ""); r.JSON["refund_step_up_above"] != 99.5 {
		t.Errorf("it is %s", r.Text)
	}
	f.Must(t, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	for value, want := range map[string]any{"null": nil, "0": 0.0} {
		f.Must(t, who, "PATCH", "/merchant", change(value))
		if r := f.Must(t, who, "GET", "/merchant", ""); r.JSON["refund_step_up_above"] != want {
			t.Errorf("%s: %s", value, r.Text)
		}
	}
}
