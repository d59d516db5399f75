package caller_test

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
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
