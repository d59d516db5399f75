package hours_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/hours"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const known = `{"services":[{"name":"<b>Lunch</b>","windows":[{"weekdays":["mon","fri"],"from":"12:00","until":"14:30"}],"last_order_minutes":30,"products":["p1"],"categories":["Plats"]}],
	"exceptions":[{"date":"2026-12-25","windows":[]}],"pickup":{"slot_minutes":15,"slot_capacity":6,"preparation_minutes":20,"days_ahead":1},
	"paused_until":{"dine_in":null,"takeaway":"2026-06-17T13:00:00Z"},"timezone":"Europe/Paris"}`

func room(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleStaff, hours.Register)
	r.Answer("GET /table-order/hours", http.StatusOK, known)
	r.Answer("GET /product/list", http.StatusOK, `{"data":[{"id":"p1","name":"Quiche","category":"Plats"}],"pagination":{}}`)
	for _, request := range []string{"PUT /table-order/hours", "PUT /table-order/pickup", "POST /table-order/orders/pause", "POST /table-order/orders/resume"} {
		r.Answer(request, http.StatusOK, known)
	}
	return r
}

func TestThePageShowsTheHours(t *testing.T) {
	r := room(t)
	status, page := r.Get("/portal/hours")
	for _, want := range []string{
		`name="services[0].windows[0].weekdays" value="fri" checked`, `value="12:00"`, `name="services[0].products" value="p1"`, `name="services[1].name"`, `name="exceptions[0].date" type="date" value="2026-12-25"`,
		`name="kind" value="takeaway"`, `&lt;b&gt;Lunch&lt;/b&gt;`,
	} {
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%d: the page lacks %s", status, want)
		}
	}
}

// Rows that were emptied are gone, and what the form cannot change stays.
func TestHoursAreReplacedByTheForm(t *testing.T) {
	r := room(t)
	status, _, to := r.Post("/portal/hours", "services[0].name", "", "services[1].name", "Dinner", "services[1].windows[2].from", "19:00", "services[1].windows[2].until", "01:00", "services[1].products", "p1",
		"exceptions[3].date", "2026-12-31", "exceptions[3].windows[0].from", "19:00", "exceptions[3].windows[0].until", "03:00", "exceptions[3].windows[0].service", "Dinner")
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/portal/hours") {
		t.Errorf("%d to %s", status, to)
	}
	const want = `PUT /table-order/hours {"services":[{"name":"Dinner","windows":[{"from":"19:00","until":"01:00"}],"products":["p1"]}],"exceptions":[{"date":"2026-12-31","windows":[{"service":"Dinner","from":"19:00","until":"03:00"}]}]}`
	if got := strings.TrimSpace(r.Asked("PUT /table-order/hours")); got != want {
		t.Errorf("asked for %s", got)
	}
	if status, page, _ := r.Post("/portal/hours", "services[0].name", "Lunch"); status != http.StatusUnprocessableEntity || !strings.Contains(page, `value="Lunch"`) {
		t.Errorf("a service without a time: %d", status)
	}
}

func TestOrdersArePausedAndResumed(t *testing.T) {
	r := room(t)
	r.Post("/portal/hours/pause", "minutes", "30", "kind", "takeaway")
	r.Post("/portal/hours/resume", "kind", "takeaway")
	r.Post("/portal/hours/pickup", "slot_minutes", "15", "slot_capacity", "6", "preparation_minutes", "20", "days_ahead", "1")
	for request, want := range map[string]string{
		"POST /table-order/orders/pause": `{"minutes":30,"kind":"takeaway"}`, "POST /table-order/orders/resume": `{"kind":"takeaway"}`,
		"PUT /table-order/pickup": `{"slot_minutes":15,"slot_capacity":6,"preparation_minutes":20,"days_ahead":1}`,
	} {
		if got := strings.TrimSpace(r.Asked(request)); got != request+" "+want {
			t.Errorf("%s: %s", request, got)
		}
	}
	r.Answer("POST /table-order/orders/pause", http.StatusBadRequest, `{"success":false,"code":"VALIDATION_ERROR","message":"minutes must be from 1 to 720."}`)
	if status, page, _ := r.Post("/portal/hours/pause", "minutes", "900", "kind", "all"); status != http.StatusUnprocessableEntity || !strings.Contains(page, "services[0].name") {
		t.Errorf("refused: %d", status)
	}
}
