package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// promotes makes a code of 10 percent.
func (m *merchant) promotes(t testing.TB, code string) (id string) {
	t.Helper()
	return must[struct{ ID string }](t, m.portal.do(t, http.MethodPost, "/table-order/promotion-codes",
		object{"code": code, "name": "Bienvenue", "type": "percentage", "value": 10}.json()), http.StatusCreated).ID
}

// TestAGuestOrdersForASlotWithACode from the merchant's hours to the order; in a pause nobody does.
func TestAGuestOrdersForASlotWithACode(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	n, guest := m.sells(t, "5.00", 20), shared.caller()
	change := func(method, path, body string, status int) {
		t.Helper()
		if a := m.portal.do(t, method, path, body); a.status != status {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.raw)
		}
	}
	change(http.MethodPut, "/table-order/hours", `{"services":[{"name":"Toute la journée","windows":[{"from":"00:00","until":"00:00"}],"categories":["boissons"]}]}`, http.StatusOK)
	change(http.MethodPut, "/table-order/pickup", `{"slot_minutes":15,"slot_capacity":1,"preparation_minutes":20,"days_ahead":2}`, http.StatusOK)
	code := m.promotes(t, "BIENVENUE10")
	slots := must[struct {
		Data []struct {
			StartsAt string `json:"starts_at"`
		}
	}](t, guest.do(t, http.MethodGet, n.path+"/slots", ""), http.StatusOK)
	if len(slots.Data) < 90 {
		t.Fatalf("%d slots", len(slots.Data))
	}
	wanted := object{
		"items": []object{{"productId": n.product, "quantity": 2}}, "orderType": "takeaway", "pickup_at": slots.Data[9].StartsAt, "promotion_code": "bienvenue10", "expected_total": json.Number("10.00"),
	}
	changed := guest.do(t, http.MethodPost, n.path, wanted.json())
	changed.refused(t, http.StatusConflict, "TOTAL_CHANGED")
	wanted["expected_total"] = json.Number("9.00")
	o := must[struct {
		Order struct {
			Total     json.Number
			Offer     string
			Pickup    string `json:"pickup_at"`
			Promotion string `json:"promotion_code"`
		}
	}](t, guest.do(t, http.MethodPost, n.path, wanted.json()), http.StatusCreated).Order
	if o.Total != "9" || o.Offer != "Bienvenue" || o.Promotion != "BIENVENUE10" || o.Pickup != slots.Data[9].StartsAt {
		t.Errorf("the order is %+v", o)
	}
	full := guest.do(t, http.MethodPost, n.path, wanted.json())
	full.refused(t, http.StatusConflict, "SLOT_FULL")
	if free := must[struct{ Slots []string }](t, full, http.StatusConflict).Slots; len(free) != 10 {
		t.Errorf("the free slots are %s", full.raw)
	}
	if used := must[struct{ Uses int }](t, m.portal.do(t, http.MethodGet, "/table-order/promotion-codes/"+code, ""), http.StatusOK).Uses; used != 1 {
		t.Errorf("the code is used %d times", used)
	}
	stranger := shared.newMerchant(t)
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
		body := ""
		if method == http.MethodPatch {
			body = `{"is_active":false}`
		}
		stranger.portal.do(t, method, "/table-order/promotion-codes/"+code, body).refused(t, http.StatusNotFound, "NOT_FOUND")
	}
	change(http.MethodPost, "/table-order/orders/pause", `{"minutes":30}`, http.StatusOK)
	here := object{"items": []object{{"productId": n.product, "quantity": 1}}, "orderType": "dine_in"}
	if a := guest.do(t, http.MethodPost, n.path, here.json()); a.refused(t, http.StatusConflict, "CLOSED").RetryAfter < 1700 {
		t.Errorf("paused: %s", a.raw)
	}
	change(http.MethodPost, "/table-order/orders/resume", `{}`, http.StatusOK)
	must[placed](t, guest.do(t, http.MethodPost, n.path, here.json()), http.StatusCreated)
}
