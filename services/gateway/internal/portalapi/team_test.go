package portalapi

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// member adds one to the team and logs in.
func (f *fixture) member(t *testing.T, owner as, email string) (id string, who as) {
	t.Helper()
	id = f.must(t, owner, "POST", "/merchant/team", `{"email":"`+email+`","password":"`+password+`","role":"staff"}`).str("id")
	return id, f.login(t, "/auth/login", email)
}

func TestADisabledMemberIsOutUntilEnabledAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	id, staff := f.member(t, owner, "staff@example.com")
	path := "/merchant/team/" + id
	f.refused(t, errs.NotFoundCode, other, "PATCH", path, `{"disabled":true}`)
	f.refused(t, errs.ValidationError, owner, "PATCH", path, `{"role":"admin"}`)
	f.must(t, owner, "PATCH", path, `{"role":"accountant"}`)
	f.must(t, staff, "GET", "/merchant/api-keys", "")
	if r := f.must(t, owner, "PATCH", path, `{"disabled":true}`); r.json["disabled"] != true || r.str("role") != "accountant" {
		t.Errorf("answers %s", r.text)
	}
	f.refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "")
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+password+`"}`)
	f.must(t, owner, "PATCH", path, `{"disabled":false}`)
	f.refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "") // the session is over for good
	f.login(t, "/auth/login", "staff@example.com")
}

func TestARemovedMemberIsGoneAndTheAddressFree(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	id, staff := f.member(t, owner, "staff@example.com")
	f.must(t, owner, "DELETE", "/merchant/team/"+id, "")
	f.refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "")
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+password+`"}`)
	f.refused(t, errs.NotFoundCode, owner, "DELETE", "/merchant/team/"+id, "")
	f.refused(t, errs.NotFoundCode, owner, "PATCH", "/merchant/team/"+id, `{"disabled":false}`)
	if rows := f.must(t, owner, "GET", "/merchant/team", "").rows(); len(rows) != 1 {
		t.Errorf("the team is %v", rows)
	}
	_, again := f.member(t, owner, "staff@example.com")
	f.must(t, again, "GET", "/merchant", "")
}

func TestTheOwnerAndAdminsStay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, admin := f.register(t, "owner@example.com"), f.admin(t)
	ownersID := f.must(t, owner, "GET", "/auth/me", "").str("id")
	f.refused(t, errs.InvalidState, owner, "DELETE", "/merchant/team/"+ownersID, "")
	f.refused(t, errs.InvalidState, admin, "PATCH", "/admin/users/"+f.must(t, admin, "GET", "/auth/me", "").str("id"), `{"disabled":true}`)
	f.must(t, admin, "PATCH", "/admin/users/"+ownersID, `{"disabled":true}`)
	f.refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	f.must(t, admin, "PATCH", "/admin/users/"+ownersID, `{"disabled":false}`)
	f.login(t, "/auth/login", "owner@example.com")
	f.refused(t, errs.NotFoundCode, admin, "PATCH", "/admin/users/"+nobody, `{"disabled":true}`)
}

func TestTheAuditLogTellsWhoDidWhatFromWhere(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	_, staff := f.member(t, owner, "staff@example.com")
	f.must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	f.must(t, other, "POST", "/merchant/api-keys", `{"name":"Theirs"}`)
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"wrong"}`)
	f.refused(t, errs.Forbidden, staff, "GET", "/merchant/audit", "")
	whole := f.must(t, owner, "GET", "/merchant/audit", "").rows()
	var actions []string
	for _, row := range whole {
		actions = append(actions, row["action"].(string)+" "+row["outcome"].(string))
	}
	want := []string{"auth.login failure", "api_key.created success", "auth.login success", "user.added success", "merchant.registered success"}
	if len(actions) != len(want) {
		t.Fatalf("got %q", actions)
	}
	for i := range want {
		if actions[i] != want[i] {
			t.Errorf("entry %d is %q, want %q", i, actions[i], want[i])
		}
	}
	detail := whole[0]["detail"].(map[string]any)
	if whole[0]["actor_email"] != "staff@example.com" || detail["ip"] != "127.0.0.1" || detail["device"] != "Go-http-client" || detail["outcome"] != nil {
		t.Errorf("the failed login is %v", whole[0])
	}
	var read []any
	for after := ""; ; {
		r := f.must(t, owner, "GET", "/merchant/audit?limit=2"+after, "")
		for _, row := range r.rows() {
			read = append(read, row["id"])
			after = "&starting_after=" + row["id"].(string)
		}
		if r.json["has_more"] != true {
			break
		}
	}
	if len(read) != len(whole) || read[4] != whole[4]["id"] {
		t.Errorf("read %v", read)
	}
	f.refused(t, errs.ValidationError, owner, "GET", "/merchant/audit?starting_after=x", "")
	admin := f.admin(t)
	merchantID := f.must(t, owner, "GET", "/merchant", "").str("id")
	if rows := f.must(t, admin, "GET", "/admin/merchants/"+merchantID+"/audit", "").rows(); len(rows) != len(whole) {
		t.Errorf("an admin sees %d entries", len(rows))
	}
	f.refused(t, errs.NotFoundCode, admin, "GET", "/admin/merchants/"+nobody+"/audit", "")
}

// Every try leaves an entry, also one with an address that has no account: both cost the same.
func TestEveryLoginIsNoted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"nobody@example.com","password":"`+password+`"}`)
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"wrong"}`)
	who, refresh := f.session(t, "owner@example.com")
	secret, _ := f.enrol(t, who)
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/mfa/verify", withCode(f.ticket(t, "owner@example.com"), f.wrong(t, secret)))
	f.must(t, as{}, "POST", "/auth/logout", `{"refresh_token":"`+refresh+`"}`)
	got := f.rows(t, `select action || coalesce(' ' || (detail->>'outcome'), '') from audit_log where action like 'auth.%' order by id`)
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
