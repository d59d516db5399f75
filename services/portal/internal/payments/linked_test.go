package payments_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/payments"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

func TestATimelineShowsWhatIsLinkedToThePayment(t *testing.T) {
	t.Parallel()
	room := webtest.NewRoom(t, eupay.RoleAccountant, payments.Register)
	room.Answer("GET /gateway/payments/PAY-1", http.StatusOK, `{"data":{"reference":"PAY-1","amount":12,"status":"completed","created_at":"2026-06-17T10:00:00.000Z"}}`)
	room.Answer("GET /gateway/payments/PAY-1/history", http.StatusOK, `{"data":[{"sequence":1,"status":"completed","cause":"provider","bank_state":"<done>","occurred_at":"2026-06-17T10:00:02.000Z"}]}`)
	room.Answer("GET /gateway/payments/PAY-1/refunds", http.StatusOK, `{"data":[]}`)
	room.Answer("GET /merchant", http.StatusOK, `{"id":"m","name":"Shop"}`)
	room.Answer("GET /webhook-deliveries", http.StatusOK, `{"data":[]}`)
	room.Answer("GET /table-order/orders", http.StatusOK, `{"data":[{"id":"o-1","number":31,"status":"served","table":{"id":"t","name":"<b>T7</b>"},"created_at":"2026-06-17T09:59:00.000Z"}]}`)
	room.Answer("GET /einvoice/invoices", http.StatusOK, `{"data":[{"id":"i-2","invoice_number":"CN-1","type_code":"381","status":"paid","total_ttc":2,"created_at":"2026-06-17T10:00:04.000Z","corrects":{"id":"i-1","invoice_number":"INV-1","amount":2}},
		{"id":"i-1","invoice_number":"INV-1","type_code":"380","status":"paid","total_ttc":12,"created_at":"2026-06-17T10:00:03.000Z"}]}`)
	status, page := room.Get("/portal/payments/PAY-1")
	if status != http.StatusOK || strings.Contains(page, "<b>T7") || strings.Contains(page, "<done>") {
		t.Fatalf("%d %s", status, page)
	}
	at := -1
	for _, text := range []string{"/portal/orders/o-1", "&lt;done&gt;", "/portal/invoices/i-1", "/portal/invoices/i-2"} {
		next := strings.Index(page, text)
		if next <= at {
			t.Errorf("%s is at %d, after %d", text, next, at)
		}
		at = next
	}
	// A merchant without e-invoicing has no invoices; an API that is away must not look like that.
	away := "could not be read right now"
	for code, missing := range map[string]bool{"NOT_ENROLLED": false, "SERVICE_UNAVAILABLE": true} {
		room.Answer("GET /einvoice/invoices", http.StatusForbidden, `{"code":"`+code+`","message":"No."}`)
		if status, page := room.Get("/portal/payments/PAY-1"); status != http.StatusOK || strings.Contains(page, away) != missing || !strings.Contains(page, "/portal/orders/o-1") {
			t.Errorf("%s: %d, %t", code, status, strings.Contains(page, away))
		}
	}
}
