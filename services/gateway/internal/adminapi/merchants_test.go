package adminapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

func TestAnAdminFindsMerchants(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, other, admin := f.Register(t, "owner@example.com"), f.Register(t, "Other_100%@example.com"), f.Admin(t)
	id := f.Must(t, owner, "PATCH", "/merchant", `{"name":"Café Noisette","legal_name":"Brûlerie du Port","siren":"732829320"}`).Str("id")
	second := f.Must(t, other, "PATCH", "/merchant", `{"name":"Bakery & Sons"}`).Str("id")
	f.Member(t, other, "Waiter@shop.example.com")
	key := f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`).Str("api_key")
	for search, want := range map[string]string{
		"noisette": id, "caf nois": id, "PORT brûl": id, "732829320": id, "732 829 320 00017": id, "73282932000017": id, strings.ToUpper(id): id, key: id, key[:16]: id, "owner@": id, "OWNER@EXAMPLE.COM": id,
		"son": second, "other_100%": second, "waiter@shop": second, "sons & bakery": second,
		"isette": "", "73282932": "", "example.com": "", "_ther": "", "%%": "", "':* | a": "", "a & !b": "", "\\'": "", "wai%": "",
	} {
		r := f.Must(t, admin, "GET", "/admin/merchants?search="+url.QueryEscape(search), "")
		got := ""
		if rows := r.Rows(); len(rows) == 1 {
			got = rows[0]["id"].(string)
		}
		if len(r.Rows()) > 1 || got != want {
			t.Errorf("%q finds %s", search, r.Text)
		}
	}
	if r := f.Must(t, admin, "GET", "/admin/merchants?search="+url.QueryEscape("pk_test_")+"&limit=1&page=2", ""); len(r.Rows()) != 0 || r.JSON["pagination"].(map[string]any)["page"] != 2.0 {
		t.Errorf("the page after the last: %s", r.Text)
	}
	for _, bad := range []string{"", "a", strings.Repeat("a", 101)} {
		f.Refused(t, errs.ValidationError, admin, "GET", "/admin/merchants?search="+bad, "")
	}
}

func TestAnAdminSeesUsersAndKeysButNoSecrets(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, admin := f.Register(t, "owner@example.com"), f.Admin(t)
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	f.Member(t, owner, "staff@example.com")
	made := f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	for path, same := range map[string]string{"/users": "/merchant/team", "/api-keys": "/merchant/api-keys"} {
		r := f.Must(t, admin, "GET", "/admin/merchants/"+id+path+"?limit=1", "")
		if want := f.Must(t, owner, "GET", same+"?limit=1", ""); r.Text != want.Text || len(r.Rows()) != 1 {
			t.Errorf("%s: %s", path, r.Text)
		}
		if strings.Contains(r.Text, made.Str("api_secret")) || strings.Contains(r.Text, "secret") {
			t.Errorf("%s tells a secret: %s", path, r.Text)
		}
		f.Refused(t, errs.NotFoundCode, admin, "GET", "/admin/merchants/"+portaltest.Nobody+path, "")
	}
}

// What an admin sets counts from the next call on, for the logins and the keys of that merchant alone, and is in its audit log.
func TestAnAdminSetsTheLimitsOfAMerchant(t *testing.T) {
	t.Parallel()
	f := &fixture{portaltest.Limited(t, caller.Limits{UserReads: 100, UserWrites: 100, MerchantReads: 3, MerchantWrites: 3})}
	owner, other, admin := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com"), f.Admin(t)
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	path := "/admin/merchants/" + id + "/limits"
	if r := f.Must(t, admin, "GET", path, ""); r.Text != `{"reads_per_minute":null,"writes_per_minute":null,"key_calls_per_minute":null,"default_reads_per_minute":3,"default_writes_per_minute":3}`+"\n" {
		t.Errorf("at first %s", r.Text)
	}
	if r := f.Must(t, admin, "PUT", path, `{"reads_per_minute":5,"writes_per_minute":1,"key_calls_per_minute":7}`); r.JSON["reads_per_minute"] != 5.0 || r.JSON["key_calls_per_minute"] != 7.0 {
		t.Errorf("set %s", r.Text)
	}
	f.Clock.Advance(time.Minute)
	for range 5 {
		f.Must(t, owner, "GET", "/merchant", "")
	}
	f.Refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	f.Must(t, owner, "PATCH", "/merchant", `{"name":"One"}`)
	f.Refused(t, errs.RateLimitExceeded, owner, "PATCH", "/merchant", `{"name":"Two"}`)
	for range 3 {
		f.Must(t, other, "GET", "/merchant", "")
	}
	f.Refused(t, errs.RateLimitExceeded, other, "GET", "/merchant", "")
	f.Must(t, admin, "PUT", path, `{}`)
	f.Clock.Advance(time.Minute)
	for range 3 {
		f.Must(t, owner, "GET", "/merchant", "")
	}
	f.Refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	if r := f.Must(t, admin, "GET", "/admin/merchants/"+id+"/audit", ""); !strings.Contains(r.Text, `"key_calls_per_minute":7`) || !strings.Contains(r.Text, `"reads_per_minute":null`) {
		t.Errorf("audit log %s", r.Text)
	}
	for _, bad := range []string{"0", "-1", "100000001"} {
		f.Refused(t, errs.ValidationError, admin, "PUT", path, fmt.Sprintf(`{"writes_per_minute":%s}`, bad))
	}
	f.Refused(t, errs.NotFoundCode, admin, "PUT", "/admin/merchants/"+portaltest.Nobody+"/limits", `{"writes_per_minute":5}`)
}
