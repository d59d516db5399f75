package webhooks_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/webhooks"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const endpoint = `{"id":"e1","url":"https://shop.example/<script>","description":"<b>x</b>","event_types":["*"],"enabled":false,"disabled_reason":"failing","health":{"state":"failing",
	"failing_since":"2026-06-12T12:00:00Z","consecutive_failures":9,"last_error":"timeout"},"created_at":"2026-06-01T00:00:00Z","updated_at":"2026-06-01T00:00:00Z"}`

func room(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleMerchant, webhooks.Register)
	r.Answer("GET /webhook-endpoints/e1", http.StatusOK, endpoint)
	r.Answer("GET /webhook-endpoints/e1/attempts", http.StatusOK, `{"data":[{"id":"a1","number":1,"started_at":"2026-06-17T11:00:00Z","duration_ms":12.3,"error":"timeout",
		"request_headers":{"webhook-id":"x"},"response_headers":{"x-evil":"<script>alert(1)</script>"},"response_body":"<script>alert(2)</script>"}],"has_more":false}`)
	r.Answer("GET /webhook-deliveries", http.StatusOK, `{"data":[],"pagination":{"page":1,"limit":10,"total":0,"pages":0}}`)
	r.Answer("GET /events/types", http.StatusOK, `{"data":[{"type":"payment.completed","description":"A payment completed.","default":true,"schema":{},"example":{"event":"payment.completed"}}]}`)
	return r
}

func TestAnEndpointSaysWhyItWasDisabledAndWhatItAnswered(t *testing.T) {
	t.Parallel()
	r := room(t)
	status, text := r.Get("/portal/webhooks/endpoints/e1")
	for _, want := range []string{"nothing but failures for 5 days", "did not answer within 10 seconds", "12 ms", "&lt;script&gt;alert(2)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(text, "<script>alert") {
		t.Errorf("status %d, or what the merchant's server answered runs", status)
	}
	if status, _ := r.Get("/portal/webhooks/endpoints/another"); status != http.StatusNotFound {
		t.Errorf("another tenant's endpoint: %d", status)
	}
}

func TestRecoveringCountsFirst(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("POST /webhook-endpoints/e1/recover", http.StatusOK, `{"count":6,"more":false,"dry_run":true}`)
	_, text, _ := r.Post("/portal/webhooks/endpoints/e1/recover", "since", "2026-06-16T12:00:00Z")
	if !strings.Contains(text, "6 deliveries would be sent again") || !strings.Contains(r.Asked("POST /webhook-endpoints/e1/recover"), `"dry_run":true`) {
		t.Error("nothing was counted, or it was sent at once")
	}
	_, _, to := r.Post("/portal/webhooks/endpoints/e1/recover", "since", "2026-06-16T12:00:00Z", "sure", "1")
	if strings.Contains(r.Asked("POST /webhook-endpoints/e1/recover"), "dry_run") || !strings.HasSuffix(to, "notice=webhook_recovered") {
		t.Errorf("not sent: %s", to)
	}
	if status, _, _ := r.Post("/portal/webhooks/endpoints/e1/recover", "since", "yesterday"); status != http.StatusUnprocessableEntity {
		t.Errorf("a time that is none: %d", status)
	}
}

func TestAnEndpointIsDeletedOnlyWhenSure(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("DELETE /webhook-endpoints/e1", http.StatusNoContent, "")
	if status, _, _ := r.Post("/portal/webhooks/endpoints/e1/delete"); status != http.StatusUnprocessableEntity || r.Asked("DELETE /webhook-endpoints/e1") != "" {
		t.Errorf("unsure: %d", status)
	}
	if status, _, _ := r.Post("/portal/webhooks/endpoints/e1/delete", "sure", "1"); status != http.StatusSeeOther {
		t.Errorf("sure: %d", status)
	}
}

// To the API no type at all means the usual ones.
func TestChosenTypesAreNeverNone(t *testing.T) {
	t.Parallel()
	r := room(t)
	if status, _, _ := r.Post("/portal/webhooks/new", "url", "https://shop.example", "which", "some"); status != http.StatusUnprocessableEntity || r.Asked("POST /webhook-endpoints") != "" {
		t.Errorf("got %d", status)
	}
}

// The live page goes on when the API fails for a moment.
func TestTheTailSurvivesAFault(t *testing.T) {
	t.Parallel()
	r := room(t)
	r.Answer("GET /webhook-deliveries", http.StatusTooManyRequests, `{"code":"RATE_LIMIT_EXCEEDED","message":"Slow down."}`)
	if status, text := r.Get("/portal/webhooks/live/rows"); status != http.StatusOK || !strings.Contains(text, "goes on trying") || strings.Contains(text, "<html") {
		t.Errorf("got %d", status)
	}
}
