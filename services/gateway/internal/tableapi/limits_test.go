package tableapi

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

func TestPublicCallsAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/menu/" + f.merchant + "/" + token
	limited := func(method string, allowed int, wait string) {
		t.Helper()
		for i := range allowed {
			if r := f.call(t, "", method, path, map[string]string{"POST": example}[method]); r.status >= 300 {
				t.Fatalf("%s %d: %s", method, i, r.text)
			}
		}
		r := f.call(t, "", method, path, map[string]string{"POST": example}[method])
		if r.status != 429 || r.header.Get("Retry-After") != wait || fmt.Sprint(r.json["retry_after"]) != wait {
			t.Errorf("%s: got %d %s", method, r.status, r.text)
		}
	}
	limited("GET", menuPerMinute, "60")
	limited("POST", triesPerIP, "300") // far above what a dining room does; tables have bounds of their own
	f.mu.Lock()
	f.now = f.now.Add(time.Minute)
	f.mu.Unlock()
	want(t, f.call(t, "", "GET", path, ""), 200, "a minute later")
	want(t, f.call(t, "", "POST", path, example), 429, "a minute later")
}

// The guests of a dining room share one address: the limit of 60 calls for all of them let some see nothing of their orders.
func TestLookingAtOneOrderLeavesTheOthersOfTheRoomAlone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := func(code string) reply {
		return f.call(t, "", "GET", "/table-order/orders/"+orderID+"?token="+code, "")
	}
	for range statusPerMinute {
		want(t, order(token), 200, "the guest")
	}
	want(t, order(token), 429, "the same once more")
	want(t, order("x"), 404, "another code") // a guess neither uses up nor is refused by what the guest has
	other := strings.Replace(orderID, "0b", "0c", 1)
	want(t, f.call(t, "", "GET", "/table-order/orders/"+other+"?token="+token, ""), 200, "another order")
	for range statusesPerMinute {
		if _, err := f.limits.Allow(t.Context(), ratelimit.IPKey("order-status", netip.MustParseAddr("127.0.0.1")), statusesPerMinute); err != nil {
			t.Fatal(err)
		}
	}
	want(t, order("y"), 429, "one address")
}

// The limit of 60 menus for all guests of a dining room left some without one.
func TestReadingTheMenuOfOneTableLeavesTheOthersOfTheRoomAlone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	menu := func(code string) reply { return f.call(t, "", "GET", "/table-order/menu/"+f.merchant+"/"+code, "") }
	for range menuPerMinute {
		want(t, menu(token), 200, "the table")
	}
	want(t, menu(token), 429, "the same once more")
	want(t, menu(strings.Repeat("0", 32)), 404, "another table")
	for range menusPerMinute {
		if _, err := f.limits.Allow(t.Context(), ratelimit.IPKey("menu", netip.MustParseAddr("127.0.0.1")), menusPerMinute); err != nil {
			t.Fatal(err)
		}
	}
	want(t, menu(strings.Repeat("1", 32)), 429, "one address")
}
