package caller_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestOneUsersFloodDoesNotLimitOthers(t *testing.T) {
	t.Parallel()
	f := portaltest.Limited(t, caller.Limits{UserReads: 3, UserWrites: 2, MerchantReads: 100, MerchantWrites: 100})
	owner, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	_, staff := f.Member(t, owner, "staff@example.com")
	f.Must(t, owner, "PATCH", "/merchant", `{"name":"Other"}`)
	r := f.Refused(t, errs.RateLimitExceeded, owner, "PATCH", "/merchant", `{"name":"Third"}`)
	if r.Header.Get("RateLimit-Policy") != "2;w=60" || r.Header.Get("RateLimit-Remaining") != "0" || r.Header.Get("Retry-After") != "60" {
		t.Errorf("headers %v", r.Header)
	}
	if r := f.Must(t, owner, "GET", "/merchant", ""); r.Header.Get("RateLimit-Policy") != "3;w=60" || r.Header.Get("RateLimit-Remaining") != "2" || r.Str("name") != "Other" {
		t.Errorf("a read: %v %s", r.Header, r.Text)
	}
	f.Must(t, owner, "GET", "/merchant", "")
	f.Must(t, owner, "GET", "/merchant", "")
	f.Refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	f.Must(t, staff, "GET", "/merchant", "")
	f.Must(t, other, "PATCH", "/merchant", `{"name":"Another"}`)
	f.Clock.Advance(time.Minute)
	f.Must(t, owner, "PATCH", "/merchant", `{"name":"Third"}`)
}

func TestTheUsersOfAMerchantShareItsLimit(t *testing.T) {
	t.Parallel()
	f := portaltest.Limited(t, caller.Limits{UserReads: 100, UserWrites: 100, MerchantReads: 3, MerchantWrites: 100})
	owner, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	_, staff := f.Member(t, owner, "staff@example.com")
	f.Must(t, owner, "GET", "/merchant", "")
	f.Must(t, staff, "GET", "/merchant", "")
	f.Must(t, staff, "GET", "/merchant", "")
	f.Refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	f.Refused(t, errs.RateLimitExceeded, staff, "GET", "/merchant", "")
	f.Must(t, other, "GET", "/merchant", "")
}

// Without a genuine token nobody can use up another user's calls.
func TestAForgedTokenCountsForNobody(t *testing.T) {
	t.Parallel()
	f := portaltest.Limited(t, caller.Limits{UserReads: 1, UserWrites: 1, MerchantReads: 1, MerchantWrites: 1})
	owner := f.Register(t, "owner@example.com")
	for range 3 {
		f.Refused(t, errs.Unauthenticated, as{Token: owner.Token + "x"}, "GET", "/merchant", "")
	}
	f.Must(t, owner, "GET", "/merchant", "")
}

// An admin bounds the keys of a merchant, whatever limit its owner gives them.
func TestAnAdminBoundsTheKeysOfAMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Echo.GET("/keyed", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, f.Access.Key(rights.PaymentsRead))
	owner := f.Register(t, "owner@example.com")
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	key := f.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"Shop"}`)
	policy := func() string {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/keyed", nil)
		r.Header.Set("X-Api-Key", key.Str("api_key"))
		r.Header.Set("X-Api-Secret", key.Str("api_secret"))
		f.Echo.ServeHTTP(w, r)
		return fmt.Sprint(w.Code, " ", w.Header().Get("RateLimit-Policy"))
	}
	if got := policy(); got != "204 1000;w=60" {
		t.Errorf("at first %s", got)
	}
	admin := f.Admin(t)
	f.Must(t, admin, "PUT", "/admin/merchants/"+id+"/limits", `{"key_calls_per_minute":2}`)
	if got := policy(); got != "204 2;w=60" {
		t.Errorf("bounded: %s", got)
	}
	if got := policy(); got != "429 2;w=60" {
		t.Errorf("bounded: %s", got)
	}
	f.Must(t, admin, "PUT", "/admin/merchants/"+id+"/limits", `{"key_calls_per_minute":5000}`)
	if got := policy(); got != "204 1000;w=60" {
		t.Errorf("a bound above the key's own limit: %s", got)
	}
}
