package kitchen_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/kitchen"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// brigade is an API with two stations and an order of a set menu whose parts go to them, of which one of three pieces was cancelled.
type brigade struct{ asked []string }

func (b *brigade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := func(position int, name, station, status string, course, fired any) map[string]any {
		return map[string]any{
			"part": "p", "part_name": "P", "product_id": name, "name": name, "supplement": 0, "vat_rate": 10, "position": position, "status": status, "course": course,
			"fired_at": fired, "station": map[string]any{"id": station, "name": strings.ToUpper(station)},
		}
	}
	line := func(position, quantity, cancelled int, name, status string) map[string]any {
		return map[string]any{
			"name": name, "quantity": quantity, "cancelled_quantity": cancelled, "unit_price": 1, "discount": 0, "total": 2, "vat_rate": 10, "vat_amount": 0,
			"position": position, "status": status,
		}
	}
	menu := line(0, 3, 1, "<i>Formule", "preparing")
	menu["notes"] = "sans sel"
	menu["parts"] = []any{
		part(1, "<u>Soupe", "bar", "ready", nil, webtest.Now), part(2, "Steak", "grill", "preparing", 1, webtest.Now), part(3, "Tarte", "grill", "waiting", 2, nil),
	}
	switch {
	case r.URL.Path == "/table-order/orders/kitchen":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]any{
			"id": "o1", "number": 1, "status": "preparing", "order_type": "dine_in", "table": map[string]any{"id": "t", "name": "T"}, "payment_status": "paid",
			"items":      []any{menu, line(1, 2, 2, "Gone", "waiting"), line(2, 1, 0, "Bread", "waiting")},
			"created_at": webtest.Now.Add(-time.Minute), "updated_at": webtest.Now, "subtotal": 2, "discount": 0, "total": 2, "vat_amount": 0,
		}}})
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/stations"):
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{
			map[string]any{"id": "bar", "name": "<b>Bar", "is_default": true}, map[string]any{"id": "grill", "name": "Grill"},
		}})
	case r.Method == http.MethodPatch:
		b.asked = append(b.asked, r.URL.Path)
		webtest.Answer(w, http.StatusOK, map[string]any{"id": "o1"})
	default:
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{}})
	}
}

func TestStationsAreSideBySide(t *testing.T) {
	b := &brigade{}
	k := webtest.ServeUsers(t, b, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	page := k.Get("/portal/kitchen?view=stations")
	page.Has(t, `class="board by-station" data-newest="1"`, "&lt;b&gt;Bar", `id="t-o1-bar"`, `id="t-o1-grill"`, "&lt;u&gt;Soupe", "&lt;i&gt;Formule", "<b>2</b><span><bdi>Steak", "Bread",
		`action="/portal/kitchen/o1/lines/0/parts/2?view=stations"`, `action="/portal/kitchen/o1/courses/2?view=stations"`, `data-live="/portal/kitchen/stream"`,
		`action="/portal/kitchen/o1/stations/grill?view=stations"`, `value="ready" aria-label="Ready: T, n° 1"`)
	// What is left at the bar has no station, so its button would do nothing; a course that waits is not touched, and what was cancelled is not made.
	page.Lacks(t, "/stations/bar?", "parts/3", "Gone", "<u>", "<i>Formule")
	for path, want := range map[string]string{
		"/portal/kitchen/o1/stations/grill?view=stations":    "/table-order/orders/o1/stations/grill/status",
		"/portal/kitchen/o1/lines/0/parts/2?view=stations":   "/table-order/orders/o1/lines/0/parts/2/status",
		"/portal/kitchen/o1/lines/0/parts/abc?view=stations": "/table-order/orders/o1/lines/0/parts/-1/status",
	} {
		b.asked = nil
		got := k.Post(path, url.Values{"status": {"ready"}})
		if got.Header.Get("Location") != "/portal/kitchen?view=stations" || len(b.asked) != 1 || b.asked[0] != want {
			t.Errorf("%s: %d to %q, asked %v", path, got.Status, got.Header.Get("Location"), b.asked)
		}
	}
}

func TestATabShowsThePartsOfItsStation(t *testing.T) {
	k := webtest.ServeUsers(t, &brigade{}, kitchen.Register)
	k.LogIn(eupay.RoleStaff)
	bar := k.Get("/portal/kitchen?station=bar")
	bar.Has(t, "Soupe", "Bread", "sans sel", `action="/portal/kitchen/o1/lines/0/parts/1?station=bar"`, `href="/portal/kitchen?view=stations"`)
	bar.Lacks(t, "Steak", "Tarte")
	all := k.Get("/portal/kitchen")
	all.Has(t, "Soupe", "Steak", "Tarte", "GRILL", `action="/portal/kitchen/o1/lines/2"`)
}
