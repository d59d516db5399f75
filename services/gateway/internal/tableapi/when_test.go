package tableapi

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

const later = `{"items":[{"productId":"` + orderID + `","quantity":2}],"orderType":"takeaway","pickup_at":"2026-06-17T14:30:00+02:00","promotion_code":"BIENVENUE"}`

func TestAnOrderNamesItsSlotAndItsCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/menu/" + f.merchant + "/" + token
	want(t, f.call(t, "", "POST", path, later), 201, "for later")
	r := last[*qrv1.PlaceOrderRequest](t, f.tables)
	if !r.GetPickupAt().AsTime().Equal(time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC)) || r.GetPromotionCode() != "BIENVENUE" {
		t.Errorf("the service is asked for %v", r)
	}
	want(t, f.call(t, "", "POST", path, strings.Replace(later, "T14", " noon ", 1)), 400, "no time")
	full := errs.New(errs.SlotFull, "This slot is full.")
	full.Slots = []time.Time{time.Date(2026, 6, 17, 12, 45, 0, 0, time.UTC)}
	f.tables.set(func(s *tables) { s.fail = full })
	if a := f.call(t, "", "POST", path, later); a.status != 409 || a.code() != "SLOT_FULL" || !strings.Contains(a.text, `"slots":["2026-06-17T12:45:00Z"]`) {
		t.Errorf("full: %d %s", a.status, a.text)
	}
}

// A guest who guesses codes has ten tries a minute at one table. Orders without a code are not limited by it.
func TestGuessingCodesIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/menu/" + f.merchant + "/" + token
	for range codesPerMinute {
		want(t, f.call(t, "", "POST", path, later), 201, "a guess")
	}
	want(t, f.call(t, "", "POST", path, later), 429, "one more")
	want(t, f.call(t, "", "POST", path, example), 201, "without a code")
	other := "/table-order/menu/" + f.merchant + "/" + strings.Repeat("0", 32)
	want(t, f.call(t, "", "POST", other, later), 404, "at another table")
	for range guessesPerMinute {
		if _, err := f.limits.Allow(t.Context(), ratelimit.IPKey("promotion", netip.MustParseAddr("127.0.0.1")), guessesPerMinute); err != nil {
			t.Fatal(err)
		}
	}
	want(t, f.call(t, "", "POST", other, later), 429, "from one address")
}

func TestAnOfferHasAPartOfTheWeek(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"Happy hour","type":"percentage","value":20,"schedule":{"weekdays":["fri"],"from":"17:00","until":"19:00"}}`)
	if a.status != 201 || !strings.Contains(a.text, `"schedule":{"weekdays":["fri"],"from":"17:00","until":"19:00"}`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"Always","type":"percentage","value":20,"schedule":null}`); a.status != 201 || strings.Contains(a.text, "schedule") {
		t.Errorf("%d %s", a.status, a.text)
	}
}
