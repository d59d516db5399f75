package notifications_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/notifications"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const browsers = `{"data":[{"id":"s-1","push_service":"https://push.example","description":"<b>Till</b>","livemode":false,"created_at":"2026-06-17T10:00:00.000Z"}],"pagination":{"page":1,"limit":20,"total":1,"pages":1}}`

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
	on := []string{"description", "Till 2", "subscription", `{"endpoint":"https://push.example/x","expirationTime":null,"keys":{"p256dh":"P","auth":"A"}}`}
	if status, _, to := r.Post("/portal/notifications", on...); status != http.StatusSeeOther || to != "/portal/notifications?notice=notifications_on" {
		t.Errorf("%d %s", status, to)
	}
	if got := r.Asked("POST /push/subscriptions"); !strings.Contains(got, `"endpoint":"https://push.example/x"`) || !strings.Contains(got, `"p256dh":"P"`) || strings.Contains(got, `"livemode":true`) {
		t.Error(got)
	}
	r.Answer("POST /push/subscriptions", http.StatusBadRequest, `{"code":"VALIDATION_ERROR","message":"Not that one."}`)
	if status, page, _ := r.Post("/portal/notifications", on...); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Not that one.") {
		t.Errorf("refused: %d", status)
	}
	r.Answer("POST /push/subscriptions", http.StatusCreated, `{"id":"s-3"}`)
	for _, bad := range []string{"", "null", `{"endpoint":7}`} {
		if status, _, _ := r.Post("/portal/notifications", "subscription", bad); status != http.StatusUnprocessableEntity {
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

func TestTheWorkerHasATitleForEachNotification(t *testing.T) {
	t.Parallel()
	status, script := room(t).Get("/portal/sw.js")
	if status != http.StatusOK || strings.Contains(script, "__TITLES__") || strings.Contains(script, "notifications.title_") || !strings.Contains(script, `"payment.completed":"Payment received"`) {
		t.Errorf("%d %s", status, script)
	}
}
