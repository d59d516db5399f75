package kitchen_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/kitchen"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

type api struct{ taken bool }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	order := func(n int, status string, age time.Duration, paid any) map[string]any {
		return map[string]any{
			"id": fmt.Sprint("o", n), "number": n, "status": status, "order_type": "takeaway", "table": map[string]any{"id": "t", "name": "<b>T</b>"}, "notes": "allergie <noix>",
			"items": []any{map[string]any{"name": "Quiche", "quantity": 2, "notes": "<script>", "unit_price": 1, "discount": 0, "total": 2, "vat_rate": 10, "vat_amount": 0}}, "payment_status": "paid",
			"paid_at": paid, "created_at": webtest.Now.Add(-age), "updated_at": webtest.Now, "subtotal": 2, "discount": 0, "total": 2, "vat_amount": 0,
		}
	}
	switch {
	case r.URL.Path == "/table-order/orders/kitchen":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{
			order(3, "received", 25*time.Minute, nil), order(4, "received", 25*time.Minute, webtest.Now.Add(-time.Minute)), order(5, "preparing", 12*time.Minute, nil), order(9, "ready", 3*time.Minute, nil),
		}})
	case strings.Contains(r.URL.Path, "theirs"):
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case a.taken:
		webtest.Refuse(w, http.StatusConflict, eupay.ErrInvalidState, nil)
	default:
		webtest.Answer(w, http.StatusOK, order(3, "preparing", time.Minute, nil))
	}
}

func TestBoardShowsWhatIsToBeDone(t *testing.T) {
	a := &api{}
	k := webtest.ServeUsers(t, a, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	page := k.Get("/portal/kitchen")
	page.Has(t, `data-newest="9"`, `<article class="ticket bad" id="t-o3">`, `<article class="ticket good" id="t-o4">`, `<article class="ticket warn" id="t-o5">`, "25 min", "allergie &lt;noix&gt;", "&lt;b&gt;T&lt;/b&gt;", `data-live="/portal/live"`, "live from:body, every 5s")
	page.Lacks(t, "<script>", "<noix>", "<b>T</b>")
	part := k.Get("/portal/kitchen", "Hx-Request", "true")
	if part.Has(t, `data-newest="9"`); strings.Contains(part.Body, "<html") {
		t.Error("the script gets a whole page")
	}
}

func TestOrderIsMovedOn(t *testing.T) {
	a := &api{}
	k := webtest.ServeUsers(t, a, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	next := url.Values{"status": {"preparing"}}
	if got := k.Post("/portal/kitchen/o3", next); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/portal/kitchen" {
		t.Errorf("%d to %s", got.Status, got.Header.Get("Location"))
	}
	k.Post("/portal/kitchen/o3", next, "Hx-Request", "true").Has(t, `class="board"`)
	a.taken = true // somebody else was quicker
	k.Post("/portal/kitchen/o3", next, "Hx-Request", "true").Has(t, "Refused: INVALID_STATE", `class="board"`)
	if got := k.Post("/portal/kitchen/theirs", next).Status; got != http.StatusNotFound {
		t.Errorf("another merchant's order: %d", got)
	}
	k.LogIn(eupay.RoleAccountant)
	if got := k.Post("/portal/kitchen/o3", next).Status; got != http.StatusForbidden {
		t.Errorf("an accountant cooks: %d", got)
	}
}
