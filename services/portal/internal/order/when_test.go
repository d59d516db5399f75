package order_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/order"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// timed is a table of a merchant with slots.
type timed struct {
	*api
	slots []any
}

func (a *timed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, token+"/slots") {
		webtest.Answer(w, http.StatusOK, map[string]any{"data": a.slots, "slot_minutes": 15, "earliest": webtest.Now})
		return
	}
	a.api.ServeHTTP(w, r)
}

func opening(open bool, opens any) map[string]any {
	return map[string]any{"open": open, "opens_at": opens, "closes_at": nil, "paused_until": nil}
}

func TestAGuestReadsWhenOrdersAreTaken(t *testing.T) {
	a := small()
	a.menu["ordering"] = map[string]any{"services": []any{}, "dine_in": opening(false, webtest.Now.Add(72*time.Hour)), "takeaway": opening(false, webtest.Now.Add(72*time.Hour))}
	k := webtest.Serve(t, a, order.Register)
	k.Get(here, "Accept-Language", "en").Has(t, "No orders are taken now. You can order again from")
	a.status, a.code = http.StatusConflict, eupay.ErrClosed
	k.Post(here, basket(), "Accept-Language", "en").Has(t, "Nothing was ordered, and your basket is kept", `value="2"`)
}

func TestAGuestChoosesASlotAndTypesACode(t *testing.T) {
	a := &timed{small(), []any{map[string]any{"starts_at": "2026-06-20T10:00:00Z"}}}
	a.menu["ordering"] = map[string]any{
		"services": []any{}, "dine_in": opening(true, nil), "takeaway": opening(true, nil),
		"pickup": map[string]any{"slot_minutes": 15, "preparation_minutes": 20, "days_ahead": 1},
	}
	k := webtest.Serve(t, a, order.Register)
	k.Get(here, "Accept-Language", "en").Has(t, `name="pickup_at"`, `<option value="2026-06-20T10:00:00Z">`, "As soon as possible", `name="promotion_code"`)
	k.Post(here, basket("type", "takeaway", "pickup_at", "2026-06-20T10:00:00Z", "promotion_code", "BIENVENUE"))
	if a.ordered["pickup_at"] != "2026-06-20T10:00:00Z" || a.ordered["promotion_code"] != "BIENVENUE" {
		t.Errorf("ordered %v", a.ordered)
	}
	a.ordered = nil
	k.Post(here, basket("pickup_at", "2026-06-20T10:00:00Z"))
	if _, there := a.ordered["pickup_at"]; there {
		t.Errorf("a slot at the table: %v", a.ordered)
	}
	a.status, a.code = http.StatusConflict, eupay.ErrSlotFull
	k.Post(here, basket("type", "takeaway", "pickup_at", "2026-06-20T10:00:00Z"), "Accept-Language", "en").Has(t, "Somebody was quicker")
	a.code, a.more = eupay.ErrTotalChanged, map[string]any{"total": 18.9}
	k.Post(here, basket("promotion_code", "BIENVENUE"), "Accept-Language", "en").Has(t, "With your code the total is €18.90", `name="shown" value="1890"`)
	a.status, a.code = http.StatusBadRequest, eupay.ErrValidation
	a.more = map[string]any{"errors": []any{map[string]any{"field": "promotion_code", "message": "promotion_code cannot be used for this order."}}}
	k.Post(here, basket("promotion_code", "NONE"), "Accept-Language", "en").Has(t, "promotion_code cannot be used for this order.", `value="NONE"`)
}
