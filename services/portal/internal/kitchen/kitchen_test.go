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
			"items": []any{
				map[string]any{"name": "Quiche", "quantity": 2, "notes": "<script>", "unit_price": 1, "discount": 0, "total": 2, "vat_rate": 10, "vat_amount": 0, "position": 1, "status": "waiting"},
				map[string]any{"name": "Tarte", "quantity": 1, "position": 2, "status": "waiting", "course": 2},
			}, "payment_status": "paid",
			"paid_at": paid, "created_at": webtest.Now.Add(-age), "updated_at": webtest.Now, "subtotal": 2, "discount": 0, "total": 2, "vat_amount": 0,
		}
	}
	switch {
	case r.URL.Path == "/table-order/orders/kitchen":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{
			order(3, "received", 25*time.Minute, nil), order(4, "received", 25*time.Minute, webtest.Now.Add(-time.Minute)), order(5, "preparing", 12*time.Minute, nil), order(9, "ready", 3*time.Minute, nil),
		}})
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/stations"):
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]any{"id": "bar", "name": "<i>Bar", "is_default": true, "categories": []string{"boissons"}}}})
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/printers"):
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{
			map[string]any{"id": "p1", "name": "<u>Pass", "is_active": true, "status": "problem", "status_code": "410 <Paper>", "waiting_jobs": 2, "stations": []string{"bar"}},
		}})
	case r.URL.Path == "/kitchen/print-jobs":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]any{"id": "j1", "printer_id": "p1", "status": "failed", "order_number": 7, "ended_at": webtest.Now}}, "has_more": false})
	case r.URL.Path == "/kitchen/stream":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, "id: 8\nevent: order\ndata: {}\n\nid: 9%s\nevent: order\ndata: {}\n\n", r.Header.Get("Last-Event-ID"))
	case strings.HasSuffix(r.URL.Path, "/kitchen/printers"):
		webtest.Answer(w, http.StatusCreated, map[string]any{"id": "p2", "name": "Bar", "poll_url": "https://example.com/secret"})
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
	page.Has(t, `data-newest="9"`, `<article class="ticket bad" id="t-o3">`, `<article class="ticket good" id="t-o4">`, `<article class="ticket warn" id="t-o5">`, "25 min", "allergie &lt;noix&gt;", "&lt;b&gt;T&lt;/b&gt;", `data-live="/portal/kitchen/stream"`, "live from:body, every 15s", "&lt;i&gt;Bar", "&lt;u&gt;Pass", "410 &lt;Paper&gt;", "2 tickets wait")
	page.Lacks(t, "<script>", "<noix>", "<b>T</b>")
	part := k.Get("/portal/kitchen", "Hx-Request", "true")
	if part.Has(t, `data-newest="9"`); strings.Contains(part.Body, "<html") {
		t.Error("the script gets a whole page")
	}
}

func TestLinesAreMovedOnAndCoursesAreCalled(t *testing.T) {
	a := &api{}
	k := webtest.ServeUsers(t, a, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	page := k.Get("/portal/kitchen?station=bar")
	page.Has(t, `action="/portal/kitchen/o3/lines/1?station=bar"`, `action="/portal/kitchen/o3/courses/2?station=bar"`, `data-live="/portal/kitchen/stream?station=bar"`, `value="ready" aria-label="Ready: Quiche"`)
	page.Lacks(t, `action="/portal/kitchen/o3/lines/2`) // its course waits
	for path, form := range map[string]url.Values{"/portal/kitchen/o3/lines/1?station=bar": {"status": {"ready"}}, "/portal/kitchen/o3/courses/2?station=bar": {}} {
		if got := k.Post(path, form); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/portal/kitchen?station=bar" {
			t.Errorf("%s: %d to %s", path, got.Status, got.Header.Get("Location"))
		}
	}
}

func TestStationsAndPrintersAreSetUp(t *testing.T) {
	a := &api{}
	k := webtest.ServeUsers(t, a, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	page := k.Get("/portal/kitchen/setup")
	page.Has(t, "&lt;i&gt;Bar", `value="boissons"`, "&lt;u&gt;Pass", "n° 7", `action="/portal/kitchen/setup/jobs/j1/again"`)
	page.Lacks(t, "https://example.com/secret")
	k.Post("/portal/kitchen/setup/printers", url.Values{"printer_name": {"Bar"}}).Has(t, "https://example.com/secret")
	k.LogIn(eupay.RoleAccountant)
	if got := k.Post("/portal/kitchen/setup/printers", url.Values{"printer_name": {"Bar"}}).Status; got != http.StatusForbidden {
		t.Errorf("an accountant sets up printers: %d", got)
	}
}

// A screen that was cut off says where, and goes on there.
func TestTheScreenFollowsTheKitchen(t *testing.T) {
	k := webtest.ServeUsers(t, &api{}, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	got := k.Get("/portal/kitchen/stream", "Last-Event-ID", "7")
	got.Has(t, "id: 8\nevent: changed\n", "id: 97\nevent: changed\n")
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
