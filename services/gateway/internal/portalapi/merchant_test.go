package portalapi

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	other := f.register(t, "other@example.com")
	before := f.must(t, owner, "GET", "/merchant", "")
	if before.str("iban") != iban || before.json["gateway_enabled"] != false || before.str("created_at") != "2026-06-17T12:00:00.000Z" {
		t.Errorf("got %s", before.text)
	}
	changed := f.must(t, owner, "PATCH", "/merchant", `{"name":"Crème","siren":"732 829 320","iban":"DE89 3704 0044 0532 0130 00","bic":"COBADEFFXXX","wait_for_settlement":true}`)
	after := f.must(t, owner, "GET", "/merchant", "")
	if after.text != changed.text || after.str("name") != "Crème" || after.str("iban") != "DE89370400440532013000" || after.json["wait_for_settlement"] != true {
		t.Errorf("got %s, then %s", changed.text, after.text)
	}
	if r := f.must(t, other, "GET", "/merchant", ""); r.str("iban") != iban {
		t.Errorf("another merchant changed too: %s", r.text)
	}
}

func TestTeamIsOnesOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.people(t)
	f.clock.Advance(time.Second)
	stranger := f.register(t, "stranger@example.com")
	r := f.must(t, people[account.RoleStaff], "GET", "/merchant/team", "")
	if len(r.rows()) != 3 || r.json["pagination"].(map[string]any)["total"] != 3.0 || strings.Contains(r.text, "hash") || strings.Contains(r.text, "$2a$") {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, stranger, "GET", "/merchant/team?limit=1", ""); len(r.rows()) != 1 || r.rows()[0]["email"] != "stranger@example.com" {
		t.Errorf("got %s", r.text)
	}
}

func TestAdminOpensTheGateway(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	admin := f.admin(t)
	id := f.must(t, owner, "GET", "/merchant", "").str("id")
	for _, enabled := range []string{"true", "false"} {
		r := f.must(t, admin, "POST", "/admin/merchants/"+id+"/gateway", `{"enabled":`+enabled+`}`)
		if got := f.must(t, owner, "GET", "/merchant", ""); r.text != got.text || (got.json["gateway_enabled"] == true) != (enabled == "true") {
			t.Errorf("enabled %s: %s", enabled, got.text)
		}
	}
	if r := f.must(t, admin, "GET", "/admin/merchants?limit=1&page=2", ""); len(r.rows()) != 1 || r.json["pagination"].(map[string]any)["pages"] != 2.0 {
		t.Errorf("got %s", r.text)
	}
	for _, bad := range []string{nobody, "x"} {
		f.refused(t, errs.NotFoundCode, admin, "POST", "/admin/merchants/"+bad+"/gateway", `{"enabled":true}`)
	}
}

func TestKeysFromCreationToRevocation(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	made := f.must(t, owner, "POST", "/merchant/api-keys",
		`{"name":"Shop","livemode":true,"scopes":["payments:read"],"allowed_ips":["192.0.2.7","2001:db8::/32"],"per_minute":5,"expires_at":"2027-01-01T00:00:00+01:00"}`)
	public, secret, path := made.str("api_key"), made.str("api_secret"), "/merchant/api-keys/"+made.str("id")
	if made.status != 201 || !strings.HasPrefix(public, "pk_live_") || !strings.HasPrefix(secret, "sk_live_") || made.str("expires_at") != "2026-12-31T23:00:00.000Z" {
		t.Errorf("made %s", made.text)
	}
	works := func(secret string) bool {
		_, err := f.accounts.Keys.Authenticate(t.Context(), public, secret, netip.MustParseAddr("192.0.2.7"))
		return err == nil
	}
	if !works(secret) {
		t.Fatal("the new key does not work")
	}
	list := f.must(t, owner, "GET", "/merchant/api-keys", "")
	if len(list.rows()) != 1 || list.rows()[0]["api_key"] != public || strings.Contains(list.text, "secret") || strings.Contains(list.text, "$2a$") || !strings.Contains(list.text, `["192.0.2.7","2001:db8::/32"]`) {
		t.Errorf("listed %s", list.text)
	}
	changed := f.must(t, owner, "PATCH", path, `{"name":"Till","scopes":["payments:read","refunds:write"],"allowed_ips":[],"per_minute":6}`)
	if changed.str("name") != "Till" || changed.json["per_minute"] != 6.0 || !strings.Contains(changed.text, `"allowed_ips":[]`) || strings.Contains(changed.text, "secret") {
		t.Errorf("changed to %s", changed.text)
	}
	rotated := f.must(t, owner, "POST", path+"/rotate", `{"overlap_seconds":60}`).str("api_secret")
	if !works(secret) || !works(rotated) || rotated == secret {
		t.Error("both secrets should work during the overlap")
	}
	last := f.must(t, owner, "POST", path+"/rotate", "").str("api_secret")
	if works(secret) || works(rotated) || !works(last) {
		t.Error("only the last secret should work")
	}
	if r := f.must(t, owner, "DELETE", path, ""); r.status != 204 || works(last) {
		t.Errorf("revoking answers %d %s", r.status, r.text)
	}
	f.refused(t, errs.InvalidState, owner, "PATCH", path, `{"name":"x"}`)
	f.refused(t, errs.InvalidState, owner, "POST", path+"/rotate", "")
}

func TestKeysOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.register(t, "owner@example.com"), f.register(t, "stranger@example.com")
	made := f.must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	var absent string
	for i, id := range []string{nobody, made.str("id"), "x", "'"} {
		path := "/merchant/api-keys/" + id
		r := f.refused(t, errs.NotFoundCode, stranger, "PATCH", path, `{"name":"mine"}`)
		if i == 0 {
			absent = r.text
		}
		if r.text != absent {
			t.Errorf("%s is told apart from what is absent: %s", id, r.text)
		}
		f.refused(t, errs.NotFoundCode, stranger, "DELETE", path, "")
		f.refused(t, errs.NotFoundCode, stranger, "POST", path+"/rotate", "")
	}
	if r := f.must(t, stranger, "GET", "/merchant/api-keys", ""); len(r.rows()) != 0 || !strings.Contains(r.text, `"data":[]`) {
		t.Errorf("listed %s", r.text)
	}
	if _, err := f.accounts.Keys.Authenticate(t.Context(), made.str("api_key"), made.str("api_secret"), netip.Addr{}); err != nil {
		t.Error(err)
	}
}

func TestTheBoundOfRefundsIsLoweredAndRaisedWithAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t, func(d *account.Deps) { d.StepUp = true })
	who := f.register(t, "owner@example.com")
	change := func(value string) string { return `{"refund_step_up_above":` + value + `}` }
	if r := f.must(t, who, "GET", "/merchant", ""); r.json["refund_step_up_above"] != 500.0 {
		t.Errorf("a new merchant has %s", r.text)
	}
	if r := f.must(t, who, "PATCH", "/merchant", change("99.5")); r.json["refund_step_up_above"] != 99.5 {
		t.Errorf("changed to %s", r.text)
	}
	f.must(t, who, "PATCH", "/merchant", `{"name":"Other"}`)
	for _, bad := range []string{"-1", "1000000.01", "1.001", `"5"`} {
		if r := f.refused(t, errs.ValidationError, who, "PATCH", "/merchant", change(bad)); r.fields() != "refund_step_up_above" {
			t.Errorf("%s: %s", bad, r.text)
		}
	}
	f.clock.Advance(5 * time.Minute)
	f.refused(t, errs.StepUpRequired, who, "PATCH", "/merchant", change("null"))
	f.refused(t, errs.StepUpRequired, who, "PATCH", "/merchant", change("600"))
	if r := f.must(t, who, "GET", "/merchant", ""); r.json["refund_step_up_above"] != 99.5 {
		t.Errorf("it is %s", r.text)
	}
	f.must(t, who, "POST", "/auth/step-up", `{"password":"`+password+`"}`)
	for value, want := range map[string]any{"null": nil, "0": 0.0} {
		f.must(t, who, "PATCH", "/merchant", change(value))
		if r := f.must(t, who, "GET", "/merchant", ""); r.json["refund_step_up_above"] != want {
			t.Errorf("%s: %s", value, r.text)
		}
	}
}
