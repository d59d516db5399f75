package notifications_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/notifications"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const browsers = `{"data":[{"id":"s-1","push_service":"https://push.example","description":"<b>Till</b>","livemode":false,"event_types":["payment.failed","invoice.rejected"],"language":"fr","created_at":"2026-06-17T10:00:00.000Z"}],"pagination":{"page":1,"limit":20,"total":1,"pages":1}}`

func room(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleStaff, notifications.Register)
	r.Answer("GET /push/key", http.StatusOK, `{"public_key":"BKey"}`)
	r.Answer("GET /push/subscriptions", http.StatusOK, browsers)
	return r
}

func TestABrowserIsSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	r := room(t)
	if status, page := r.Get("/portal/notifications"); status != http.StatusOK || !strings.Contains(page, `data-push="BKey"`) || !strings.Contains(page, "/portal/notifications/s-1/remove") || strings.Contains(page, "<b>Till") {
		t.Fatalf("%d %s", status, page)
	}
	r.Answer("POST /push/subscriptions", http.StatusCreated, `{"id":"s-2"}`)
	on := []string{"description", "Till 2", "event_types", "payment.completed", "event_types", "payment.failed", "subscription", `{"endpoint":"https://push.example/x","expirationTime":null,"keys":{"p256dh":"P","auth":"A"}}`}
	if status, _, to := r.Post("/portal/notifications", on...); status != http.StatusSeeOther || to != "/portal/notifications?notice=notifications_on" {
		t.Errorf("%d %s", status, to)
	}
	if got := r.Asked("POST /push/subscriptions"); !strings.Contains(got, `"endpoint":"https://push.example/x"`) || !strings.Contains(got, `"p256dh":"P"`) || strings.Contains(got, `"livemode":true`) ||
		!strings.Contains(got, `"event_types":["payment.completed","payment.failed"],"language":"en"`) {
		t.Error(got)
	}
	r.Answer("POST /push/subscriptions", http.StatusBadRequest, `{"code":"VALIDATION_ERROR","message":"Not that one."}`)
	if status, page, _ := r.Post("/portal/notifications", on...); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Not that one.") {
		t.Errorf("refused: %d", status)
	}
	r.Answer("POST /push/subscriptions", http.StatusCreated, `{"id":"s-3"}`)
	for _, bad := range []string{"", "null", `{"endpoint":7}`} {
		if status, _, _ := r.Post("/portal/notifications", "subscription", bad, "event_types", "payment.failed"); status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, status)
		}
	}
	r.Answer("DELETE /push/subscriptions/s-1", http.StatusNoContent, "")
	if status, _, to := r.Post("/portal/notifications/s-1/remove"); status != http.StatusSeeOther || !strings.Contains(to, "notifications_off") {
		t.Errorf("%d %s", status, to)
	}
	r.Answer("POST /push/subscriptions/s-1/test", http.StatusOK, `{"result":"gone"}`)
	if status, _, to := r.Post("/portal/notifications/s-1/test"); status != http.StatusSeeOther || !strings.Contains(to, "notifications_not_sent") {
		t.Errorf("%d %s", status, to)
	}
}

func TestAnInstallationWithoutPushSaysSo(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("GET /push/key", http.StatusServiceUnavailable, `{"code":"SERVICE_UNAVAILABLE","message":"Not set up."}`)
	if status, page := r.Get("/portal/notifications"); status != http.StatusOK || strings.Contains(page, "data-push") || !strings.Contains(page, "not set up") {
		t.Errorf("%d %s", status, page)
	}
}

func TestTheWorkerShowsTheTitleThatIsPushed(t *testing.T) {
	t.Parallel()
	status, script := room(t).Get("/portal/sw.js")
	if status != http.StatusOK || !strings.Contains(script, "showNotification(said.title") {
		t.Errorf("%d %s", status, script)
	}
}

// ticked are the kinds that a page shows ticked.
func ticked(page string) string {
	var names []string
	for _, m := range tick.FindAllStringSubmatch(page, -1) {
		names = append(names, m[1])
	}
	return strings.Join(names, " ")
}

var tick = regexp.MustCompile(`name="event_types" value="([a-z_.]+)" checked`)

func TestWhatABrowserIsToldOfIsTicked(t *testing.T) {
	t.Parallel()
	r := room(t)
	_, page := r.Get("/portal/notifications")
	if got := ticked(page); got != "payment.completed payment.refunded webhook_endpoint.failing" {
		t.Errorf("a new browser has %s", got)
	}
	if !strings.Contains(page, "Payments that failed · Invoices refused or rejected") || !strings.Contains(page, `href="/portal/notifications/s-1"`) {
		t.Error("the list does not say what the browser is told of")
	}
	if status, page := r.Get("/portal/notifications/s-1"); status != http.StatusOK || ticked(page) != "payment.failed invoice.rejected" {
		t.Errorf("%d: the browser has %s", status, ticked(page))
	}
	if status, _ := r.Get("/portal/notifications/s-9"); status != http.StatusNotFound {
		t.Errorf("a browser that is not there: %d", status)
	}
}

func TestWhatABrowserIsToldOfIsChanged(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("PATCH /push/subscriptions/s-1", http.StatusOK, `{"id":"s-1"}`)
	if status, _, to := r.Post("/portal/notifications/s-1", "event_types", "payment.refunded", "event_types", "webhook_endpoint.failing"); status != http.StatusSeeOther || to != "/portal/notifications?notice=saved" {
		t.Errorf("%d %s", status, to)
	}
	if got := r.Asked("PATCH /push/subscriptions/s-1"); !strings.HasSuffix(got, ` {"event_types":["payment.refunded","webhook_endpoint.failing"],"language":"en"}`) {
		t.Error(got)
	}
	for _, path := range []string{"/portal/notifications/s-1", "/portal/notifications"} {
		if status, page, _ := r.Post(path, "subscription", `{"endpoint":"https://push.example/x"}`); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Choose at least one") {
			t.Errorf("%s with nothing ticked: %d", path, status)
		}
	}
	r.Answer("PATCH /push/subscriptions/s-1", http.StatusBadRequest, `{"code":"VALIDATION_ERROR","message":"Not that one."}`)
	if status, page, _ := r.Post("/portal/notifications/s-1", "event_types", "payment.failed"); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Not that one.") || ticked(page) != "payment.failed" {
		t.Errorf("refused: %d, ticked %s", status, ticked(page))
	}
	if status, _, _ := r.Post("/portal/notifications/s-9", "event_types", "payment.failed"); status != http.StatusNotFound {
		t.Errorf("a browser that is not there: %d", status)
	}
}
