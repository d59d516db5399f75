package portalapi

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func TestAnAdminSeesWhatLiveModeStillNeeds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, admin := f.register(t, "owner@example.com"), f.admin(t)
	id := f.must(t, owner, "GET", "/merchant", "").str("id")
	path := "/admin/merchants/" + id + "/gateway"
	r := f.refused(t, errs.InvalidState, admin, "POST", path, `{"enabled":true,"live":true}`)
	if !strings.Contains(r.text, "legal_status, siren") {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, admin, "POST", path, `{"enabled":true}`); !strings.Contains(r.text, `"live_missing":["legal_status","siren"]`) {
		t.Errorf("got %s", r.text)
	}
	changed := f.must(t, owner, "PATCH", "/merchant",
		`{"legal_status":"SAS","siren":"732829320","legal_name":"Noisette SAS","account_name":"Noisette","address":"1 RUE X\n75001 PARIS"}`)
	if !strings.Contains(changed.text, `"live_missing":[]`) || changed.str("legal_name") != "Noisette SAS" || changed.str("account_name") != "Noisette" ||
		changed.str("address") != "1 RUE X\n75001 PARIS" {
		t.Errorf("got %s", changed.text)
	}
	if r := f.must(t, admin, "POST", path, `{"enabled":true,"live":true}`); r.json["gateway_enabled"] != true {
		t.Errorf("got %s", r.text)
	}
}
