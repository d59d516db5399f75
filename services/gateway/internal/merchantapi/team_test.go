package merchantapi_test

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func TestADisabledMemberIsOutUntilEnabledAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	id, staff := f.Member(t, owner, "staff@example.com")
	path := "/merchant/team/" + id
	f.Refused(t, errs.NotFoundCode, other, "PATCH", path, `{"disabled":true}`)
	f.Refused(t, errs.ValidationError, owner, "PATCH", path, `{"role":"admin"}`)
	f.Must(t, owner, "PATCH", path, `{"role":"accountant"}`)
	f.Must(t, staff, "GET", "/merchant/api-keys", "")
	if r := f.Must(t, owner, "PATCH", path, `{"disabled":true}`); r.JSON["disabled"] != true || r.Str("role") != "accountant" {
		t.Errorf("answers %s", r.Text)
	}
	f.Refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "")
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+password+`"}`)
	f.Must(t, owner, "PATCH", path, `{"disabled":false}`)
	f.Refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "") // the session is over for good
	f.Login(t, "/auth/login", "staff@example.com")
}

func TestARemovedMemberIsGoneAndTheAddressFree(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	id, staff := f.Member(t, owner, "staff@example.com")
	f.Must(t, owner, "DELETE", "/merchant/team/"+id, "")
	f.Refused(t, errs.Unauthenticated, staff, "GET", "/merchant", "")
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"`+password+`"}`)
	f.Refused(t, errs.NotFoundCode, owner, "DELETE", "/merchant/team/"+id, "")
	f.Refused(t, errs.NotFoundCode, owner, "PATCH", "/merchant/team/"+id, `{"disabled":false}`)
	if rows := f.Must(t, owner, "GET", "/merchant/team", "").Rows(); len(rows) != 1 {
		t.Errorf("the team is %v", rows)
	}
	_, again := f.Member(t, owner, "staff@example.com")
	f.Must(t, again, "GET", "/merchant", "")
}

func TestTheOwnerAndAdminsCannotBeRemoved(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, admin := f.Register(t, "owner@example.com"), f.Admin(t)
	ownersID := f.Must(t, owner, "GET", "/auth/me", "").Str("id")
	f.Refused(t, errs.InvalidState, owner, "DELETE", "/merchant/team/"+ownersID, "")
	f.Refused(t, errs.InvalidState, admin, "PATCH", "/admin/users/"+f.Must(t, admin, "GET", "/auth/me", "").Str("id"), `{"disabled":true}`)
	f.Must(t, admin, "PATCH", "/admin/users/"+ownersID, `{"disabled":true}`)
	f.Refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	f.Must(t, admin, "PATCH", "/admin/users/"+ownersID, `{"disabled":false}`)
	f.Login(t, "/auth/login", "owner@example.com")
	f.Refused(t, errs.NotFoundCode, admin, "PATCH", "/admin/users/"+nobody, `{"disabled":true}`)
}

func TestTheAuditLogShowsActorActionAndAddress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	_, staff := f.Member(t, owner, "staff@example.com")
	f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	f.Must(t, other, "POST", "/merchant/api-keys", `{"name":"Theirs"}`)
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"staff@example.com","password":"wrong"}`)
	f.Refused(t, errs.Forbidden, staff, "GET", "/merchant/audit", "")
	whole := f.Must(t, owner, "GET", "/merchant/audit", "").Rows()
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
		r := f.Must(t, owner, "GET", "/merchant/audit?limit=2"+after, "")
		for _, row := range r.Rows() {
			read = append(read, row["id"])
			after = "&starting_after=" + row["id"].(string)
		}
		if r.JSON["has_more"] != true {
			break
		}
	}
	if len(read) != len(whole) || read[4] != whole[4]["id"] {
		t.Errorf("read %v", read)
	}
	f.Refused(t, errs.ValidationError, owner, "GET", "/merchant/audit?starting_after=x", "")
	admin := f.Admin(t)
	merchantID := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	if rows := f.Must(t, admin, "GET", "/admin/merchants/"+merchantID+"/audit", "").Rows(); len(rows) != len(whole) {
		t.Errorf("an admin sees %d entries", len(rows))
	}
	f.Refused(t, errs.NotFoundCode, admin, "GET", "/admin/merchants/"+nobody+"/audit", "")
}
