package portalapi

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
)

func TestAUsersFloodIsItsOwn(t *testing.T) {
	t.Parallel()
	f := limited(t, caller.Limits{UserReads: 3, UserWrites: 2, MerchantReads: 100, MerchantWrites: 100})
	owner, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	_, staff := f.member(t, owner, "staff@example.com")
	f.must(t, owner, "PATCH", "/merchant", `{"name":"Other"}`)
	r := f.refused(t, errs.RateLimitExceeded, owner, "PATCH", "/merchant", `{"name":"Third"}`)
	if r.header.Get("RateLimit-Policy") != "2;w=60" || r.header.Get("RateLimit-Remaining") != "0" || r.header.Get("Retry-After") != "60" {
		t.Errorf("headers %v", r.header)
	}
	if r := f.must(t, owner, "GET", "/merchant", ""); r.header.Get("RateLimit-Policy") != "3;w=60" || r.header.Get("RateLimit-Remaining") != "2" || r.str("name") != "Other" {
		t.Errorf("a read: %v %s", r.header, r.text)
	}
	f.must(t, owner, "GET", "/merchant", "")
	f.must(t, owner, "GET", "/merchant", "")
	f.refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	f.must(t, staff, "GET", "/merchant", "")
	f.must(t, other, "PATCH", "/merchant", `{"name":"Another"}`)
	f.clock.Advance(time.Minute)
	f.must(t, owner, "PATCH", "/merchant", `{"name":"Third"}`)
}

func TestTheUsersOfAMerchantShareItsLimit(t *testing.T) {
	t.Parallel()
	f := limited(t, caller.Limits{UserReads: 100, UserWrites: 100, MerchantReads: 3, MerchantWrites: 100})
	owner, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	_, staff := f.member(t, owner, "staff@example.com")
	f.must(t, owner, "GET", "/merchant", "")
	f.must(t, staff, "GET", "/merchant", "")
	f.must(t, staff, "GET", "/merchant", "")
	f.refused(t, errs.RateLimitExceeded, owner, "GET", "/merchant", "")
	f.refused(t, errs.RateLimitExceeded, staff, "GET", "/merchant", "")
	f.must(t, other, "GET", "/merchant", "")
}

// Without a right token nobody can spend what somebody else may call.
func TestAForgedTokenCountsForNobody(t *testing.T) {
	t.Parallel()
	f := limited(t, caller.Limits{UserReads: 1, UserWrites: 1, MerchantReads: 1, MerchantWrites: 1})
	owner := f.register(t, "owner@example.com")
	for range 3 {
		f.refused(t, errs.Unauthenticated, as{token: owner.token + "x"}, "GET", "/merchant", "")
	}
	f.must(t, owner, "GET", "/merchant", "")
}
