package adminapi_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

func TestAnAdminSeesWhatLiveModeStillNeeds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, admin := f.Register(t, "owner@example.com"), f.Admin(t)
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	path := "/admin/merchants/" + id + "/gateway"
	r := f.Refused(t, errs.InvalidState, admin, "POST", path, `{"enabled":true,"live":true}`)
	if !strings.Contains(r.Text, "legal_status, siren") {
		t.Errorf("got %s", r.Text)
	}
	if r := f.Must(t, admin, "POST", path, `{"enabled":true}`); !strings.Contains(r.Text, `"live_missing":["legal_status","siren"]`) {
		t.Errorf("got %s", r.Text)
	}
	changed := f.Must(t, owner, "PATCH", "/merchant",
		`{"legal_status":"SAS","siren":"732829320","legal_name":"Noisette SAS","account_name":"Noisette","address":"1 RUE X\n75001 PARIS"}`)
	if !strings.Contains(changed.Text, `"live_missing":[]`) || changed.Str("legal_name") != "Noisette SAS" || changed.Str("account_name") != "Noisette" ||
		changed.Str("address") != "1 RUE X\n75001 PARIS" {
		t.Errorf("got %s", changed.Text)
	}
	if r := f.Must(t, admin, "POST", path, `{"enabled":true,"live":true}`); r.JSON["gateway_enabled"] != true {
		t.Errorf("got %s", r.Text)
	}
}

func TestAnAdminEnablesTheGateway(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	admin := f.Admin(t)
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	for _, enabled := range []string{"true", "false"} {
		r := f.Must(t, admin, "POST", "/admin/merchants/"+id+"/gateway", `{"enabled":`+enabled+`}`)
		if got := f.Must(t, owner, "GET", "/merchant", ""); r.Text != got.Text || (got.JSON["gateway_enabled"] == true) != (enabled == "true") {
			t.Errorf("enabled %s: %s", enabled, got.Text)
		}
	}
	if r := f.Must(t, admin, "GET", "/admin/merchants?limit=1&page=2", ""); len(r.Rows()) != 1 || r.JSON["pagination"].(map[string]any)["pages"] != 2.0 {
		t.Errorf("got %s", r.Text)
	}
	if r := f.Must(t, admin, "GET", "/admin/merchants/"+id, ""); r.Text != f.Must(t, owner, "GET", "/merchant", "").Text {
		t.Errorf("got %s", r.Text)
	}
	for _, bad := range []string{portaltest.Nobody, "x"} {
		f.Refused(t, errs.NotFoundCode, admin, "GET", "/admin/merchants/"+bad, "")
		f.Refused(t, errs.NotFoundCode, admin, "POST", "/admin/merchants/"+bad+"/gateway", `{"enabled":true}`)
	}
}
