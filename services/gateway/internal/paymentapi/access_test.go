package paymentapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const unknownRef = "PAY-20260617-0000000000000000"

// Every request fails all checks after the one that must answer: the order is part of the API reference.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	bad := `{"nonsense":`
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"no headers", nil, 400, "MISSING_CREDENTIALS"},
		{"no secret", []string{"X-Api-Key", "pk_unknown"}, 400, "MISSING_CREDENTIALS"},
		{"no key", []string{"X-Api-Secret", "sk_x"}, 400, "MISSING_CREDENTIALS"},
		{"blank key", []string{"X-Api-Key", " ", "X-Api-Secret", "sk_x"}, 400, "MISSING_CREDENTIALS"},
		{"unknown key", []string{"X-Api-Key", "pk_unknown", "X-Api-Secret", "wrong"}, 401, "INVALID_API_KEY"},
		{"wrong secret", []string{"X-Api-Key", "pk_test_off", "X-Api-Secret", "wrong"}, 401, "INVALID_SECRET"},
		{"gateway off", as("pk_test_off"), 403, "API_ACCESS_DISABLED"},
		{"wrong address", as("pk_test_ip"), 403, "IP_NOT_ALLOWED"},
		{"wrong address does not count", as("pk_test_ip"), 403, "IP_NOT_ALLOWED"},
		{"no scope", as("pk_test_slow"), 403, "INSUFFICIENT_SCOPE"},
		{"no scope counts", as("pk_test_slow"), 403, "INSUFFICIENT_SCOPE"},
		{"too many", as("pk_test_slow"), 429, "RATE_LIMIT_EXCEEDED"},
		{"body", as("pk_test_a"), 400, "VALIDATION_ERROR"},
	} {
		if a := w.call("POST", path, bad, c.headers...); a.status != c.status || a.fail.Code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
	}
	a := w.call("POST", path, bad, as("pk_test_slow")...)
	if a.fail.RetryAfter != 60 || a.header.Get("Retry-After") != "60" {
		t.Errorf("retry_after is not the exact wait: %s", a.body)
	}
	if len(w.bank.commands()) != 0 || w.reads.calls != 0 {
		t.Error("a refused request reached a backend")
	}
}

func TestStandardLimitIsHundred(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for i := range 101 {
		a := w.call("GET", path+"/"+unknownRef, "", as("pk_test_std")...)
		if limited := a.status == 429; limited != (i == 100) {
			t.Fatalf("call %d: %d", i+1, a.status)
		}
	}
}

func TestAddressCannotBeForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, h := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Cf-Connecting-Ip"} {
		w.call("GET", path, "", as("pk_test_ip", h, "203.0.113.7")...).want(t, 403, "IP_NOT_ALLOWED", "")
	}
	if a := w.call("GET", path, "", as("pk_test_local", "X-Forwarded-For", "198.51.100.1")...); a.status != 200 {
		t.Errorf("a listed address was refused: %s", a.body)
	}
}

func TestOtherAccountsAreInvisible(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	ref := w.call("POST", path, documented, as("pk_test_a")...).data["reference"].(string)
	w.reads.put(&paymentsv1.Payment{Reference: ref, Kind: "payment", MerchantId: "m-shop", AmountCents: 2999, Currency: "EUR", Status: "completed", Sequence: 3, CreatedAt: timestamppb.New(createdAt)})
	for _, op := range []string{"GET ", "GET /history", "GET /refunds"} {
		method, tail, _ := strings.Cut(op, " ")
		url := path + "/" + ref + tail
		if a := w.call(method, url, "", as("pk_test_a")...); a.status != 200 {
			t.Errorf("owner: %s %s", op, a.body)
		}
		absent := w.call(method, path+"/"+unknownRef+tail, "", as("pk_test_a")...)
		absent.want(t, 404, "NOT_FOUND", "Payment not found.")
		for _, key := range []string{"pk_test_other", "pk_live_a"} {
			if a := w.call(method, url, "", as(key)...); string(a.body) != string(absent.body) || a.status != 404 {
				t.Errorf("%s %s: %d %s, want exactly the answer for an absent payment", key, op, a.status, a.body)
			}
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, c := range []struct{ method, path, scope string }{
		{"POST", path, "payments:write"},
		{"GET", path, "payments:read"},
		{"GET", path + "/" + unknownRef, "payments:read"},
		{"GET", path + "/" + unknownRef + "/history", "payments:read"},
		{"GET", path + "/" + unknownRef + "/refunds", "payments:read"},
		{"POST", path + "/" + unknownRef + "/refund", "refunds:write"},
		{"POST", path + "/" + unknownRef + "/cancel", "payments:write"},
	} {
		key := w.keys["pk_test_a"]
		key.Scopes = nil
		for _, s := range w.keys["pk_test_a"].Scopes {
			if string(s) != c.scope {
				key.Scopes = append(key.Scopes, s)
			}
		}
		w.keys["pk_test_lacking"] = key
		w.call(c.method, c.path, "", as("pk_test_lacking")...).want(t, 403, "INSUFFICIENT_SCOPE", "This API key lacks the scope "+c.scope+".")
	}
}
