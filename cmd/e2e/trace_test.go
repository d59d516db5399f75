package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/bus"
	eupay "european-pay.eu/eupay/sdk/go"
)

// traces are the spans of a system that has stopped.
type traces []otlptest.Span

// only returns the only span of the service with that name, below the parent if one is given, for which all conditions hold.
func (all traces) only(t *testing.T, service, name, parent string, is ...func(otlptest.Span) bool) otlptest.Span {
	t.Helper()
	var found []otlptest.Span
	for _, s := range all {
		if s.Service == service && s.Name == name && (parent == "" || s.ParentID == parent) &&
			!slices.ContainsFunc(is, func(holds func(otlptest.Span) bool) bool { return !holds(s) }) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %s %q below %q, of\n%s", len(found), service, name, parent, all)
	}
	return found[0]
}

// String lists the spans, for a failure.
func (all traces) String() string {
	var out strings.Builder
	for _, s := range all {
		fmt.Fprintf(&out, "%s %s<%s %s %s %v %v\n", s.TraceID, s.SpanID, s.ParentID, s.Service, s.Name, s.Attributes, s.Links)
	}
	return out.String()
}

func has(attribute, value string) func(otlptest.Span) bool {
	return func(s otlptest.Span) bool { return s.Attributes[attribute] == value }
}

func in(trace string) func(otlptest.Span) bool {
	return func(s otlptest.Span) bool { return s.TraceID == trace }
}

// linkedTo reports whether a span has a link to the other's trace.
func linkedTo(s, to otlptest.Span) bool {
	return slices.ContainsFunc(s.Links, func(l otlptest.Link) bool { return l.TraceID == to.TraceID })
}

const foreignTrace = "0af7651916cd43dd8448eb211c80319c"

// TestAPaymentIsOneTraceFromTheRequestToTheWebhook, hop by hop; the bank's news begins another, which is linked to it.
func TestAPaymentIsOneTraceFromTheRequestToTheWebhook(t *testing.T) {
	collector := otlptest.Start(t)
	w := newWorld(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_EXPORTER_OTLP_HEADERS": "x-collector-key=k%2D1",
		"EUPAY_PAYMENTS_QUIET_FIRST": "1m", "EUPAY_PAYMENTS_QUIET_MAX": "1m", // the bank's webhook comes first
	})
	m, js := w.newMerchant(t), w.broker(t)
	types := []string{"payment.created", "payment.completed"}
	if _, err := m.office.WebhookEndpoints.Update(t.Context(), m.endpoint, eupay.EndpointChange{EventTypes: &types}); err != nil {
		t.Fatal(err)
	}
	stranger := m.api.with("Traceparent", "00-"+foreignTrace+"-b7ad6b7169203331-01", "Baggage", "email="+m.Email)
	p := mustData[payment](t, stranger.do(t, http.MethodPost, "/gateway/payments", m.order(object{"reference": "ORDER-1"})), http.StatusCreated)
	m.site.next(t, "payment.created", p.Reference)
	m.site.answerNext(http.StatusServiceUnavailable)
	w.bank().authorise(t, p.Reference, object{})
	m.site.wait(t, "the second attempt", p.Reference, func(h hook) bool { return h.body.Event == "payment.completed" && h.status == http.StatusOK })
	eventually(t, "everybody has heard of it", func() bool { return consumed(t, js) })
	history := m.history(t, p.Reference)
	refused := m.api.do(t, http.MethodGet, "/gateway/payments/PAY-20260101-0000000000000000", "")
	w.stack.Stop() // flushes

	all := traces(collector.Spans())
	create := all.only(t, "gateway", "POST /api/v1/gateway/payments", "")
	all.checkCreation(t, create, p.Reference)
	hint := all.checkCompletion(t, create, p.Reference)
	all.checkPrivacy(t, m)
	if collector.Headers().Get("X-Collector-Key") != "k-1" {
		t.Error("the collector's key was not sent")
	}
	for _, h := range m.site.about(t, p.Reference) {
		if h.header.Get("Traceparent")+h.header.Get("Tracestate")+h.header.Get("Baggage") != "" {
			t.Errorf("a merchant's server got %v", h.header)
		}
	}
	if history[0].TraceID != create.TraceID || history[len(history)-1].TraceID != hint.TraceID {
		t.Errorf("the history is of the traces %+v, not %s and %s", history, create.TraceID, hint.TraceID)
	}
	var body struct {
		TraceID string `json:"trace_id"`
	}
	if err := json.Unmarshal(refused.raw, &body); err != nil || refused.status != http.StatusNotFound {
		t.Fatalf("%s %v", refused.raw, err)
	}
	if s := all.only(t, "gateway", "GET /api/v1/gateway/payments/:reference", "", in(body.TraceID)); s.Attributes["http.response.status_code"] != "404" || s.Failed {
		t.Errorf("the refusal is in %+v", s)
	}
}

// consumed reports whether every consumer has processed all events.
func consumed(t *testing.T, js jetstream.JetStream) bool {
	t.Helper()
	stream, err := js.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	list := stream.ListConsumers(t.Context())
	all := true
	for c := range list.Info() {
		all = all && c.NumPending == 0 && c.NumAckPending == 0
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return all
}

// checkCreation follows the request to the webhook about the payment that it made.
func (all traces) checkCreation(t *testing.T, create otlptest.Span, reference string) {
	t.Helper()
	here := in(create.TraceID)
	if create.ParentID != "" || create.Kind != "SERVER" || create.Attributes["http.response.status_code"] != "201" || create.Attributes["eupay.request_id"] == "" {
		t.Errorf("the request is %+v", create)
	}
	if len(create.Links) != 1 || create.Links[0].TraceID != foreignTrace || create.Links[0].Sampled || create.TraceID == foreignTrace {
		t.Errorf("the caller's trace is more than a link: %+v", create)
	}
	sent := all.only(t, "gateway", "send create", create.SpanID)
	done := all.only(t, "payments", "process create", sent.SpanID, has("eupay.reference", reference))
	all.only(t, "payments", "powens create payment", done.SpanID, has("http.response.status_code", "200"))
	all.only(t, "payments", "powens mint payment token", done.SpanID)
	all.checkCommits(t, done)
	all.only(t, "gateway", "eupay.qr.v1.QRService/SignGatewayPayment", "", here, func(s otlptest.Span) bool { return s.Kind == "CLIENT" })
	all.only(t, "qr", "eupay.qr.v1.QRService/SignGatewayPayment", "", here, func(s otlptest.Span) bool { return s.Kind == "SERVER" })
	event := all.only(t, "payments", "send payment.created", done.SpanID)
	told := all.only(t, "webhooks", "process payment.created", event.SpanID, has("messaging.consumer.group.name", "webhooks"))
	attempt := all.only(t, "webhooks", "deliver webhook", told.SpanID, has("eupay.attempt", "1"))
	if attempt.Attributes["http.response.status_code"] != "200" || attempt.Kind != "CLIENT" || !here(attempt) || attempt.Attributes["server.address"] != "127.0.0.1" {
		t.Errorf("the attempt is %+v", attempt)
	}
}

// checkCommits looks for what the change waited for at the database: its own commit, or, by a link, one that it shared.
func (all traces) checkCommits(t *testing.T, done otlptest.Span) {
	t.Helper()
	seen := 0
	for _, commit := range all {
		if commit.Name != "commit" || commit.ParentID != done.SpanID {
			continue
		}
		if seen++; len(commit.Links) == 0 {
			all.only(t, "payments", "BATCH payments", commit.SpanID)
		}
	}
	if seen == 0 {
		t.Errorf("no commit in the trace of %+v, of\n%s", done, all)
	}
}

// checkCompletion follows the bank's webhook to those of the merchant, and returns the span of the change.
func (all traces) checkCompletion(t *testing.T, create otlptest.Span, reference string) otlptest.Span {
	t.Helper()
	event := all.only(t, "payments", "send payment.completed", "")
	here := in(event.TraceID)
	hint := all.only(t, "payments", "process provider_update", "", here, has("eupay.reference", reference))
	sent := all.only(t, "gateway", "send provider_update", "", here)
	root := all.only(t, "gateway", "POST /api/v1/webhooks/powens", "", here)
	if event.ParentID != hint.SpanID || hint.ParentID != sent.SpanID || sent.ParentID != root.SpanID || root.ParentID != "" {
		t.Errorf("the chain is broken: %v", traces{root, sent, hint, event})
	}
	if hint.TraceID == create.TraceID || !linkedTo(hint, create) {
		t.Errorf("the hint is not linked to the trace that made the payment: %+v", hint)
	}
	all.only(t, "payments", "powens get payment", hint.SpanID)
	// links and subscriptions pass what they ignore without a span.
	for consumer, service := range map[string]string{"orders": "qr", "einvoice": "einvoice", "settlement": "payments"} {
		all.only(t, service, "process payment.completed", event.SpanID, has("messaging.consumer.group.name", consumer))
	}
	told := all.only(t, "webhooks", "process payment.completed", event.SpanID, has("messaging.consumer.group.name", "webhooks"))
	first := all.only(t, "webhooks", "deliver webhook", told.SpanID, has("eupay.attempt", "1"))
	second := all.only(t, "webhooks", "deliver webhook", "", has("eupay.attempt", "2"), has("eupay.reference", reference))
	if !first.Failed || first.Attributes["http.response.status_code"] != "503" || second.Failed {
		t.Errorf("the attempts are %+v, %+v", first, second)
	}
	if second.ParentID != "" || here(second) || !linkedTo(second, event) {
		t.Errorf("the second attempt is no trace of its own with a link: %+v", second)
	}
	return hint
}

// untold matches what no span may say: keys, secrets, accounts and addresses of mails.
var untold = regexp.MustCompile(`(?i)[sp]k_(test|live)_|whsec_|bearer|eyJ|\b[A-Z]{2}\d{2}[A-Z0-9]{10,}|@|%40|\?|Order 1042`)

// referenceForm matches references, which a span says; their random end can have the form of an IBAN.
var referenceForm = regexp.MustCompile(`\b(PAY|REF|SUB|SUP)-\d{8}-[0-9A-F]{16}\b`)

func (all traces) checkPrivacy(t *testing.T, m *merchant) {
	t.Helper()
	for _, s := range all {
		for name, value := range s.Attributes {
			for _, text := range []string{name, value, s.Name} {
				if untold.MatchString(referenceForm.ReplaceAllString(text, "")) || strings.Contains(text, m.Name) || strings.Contains(text, m.site.url) {
					t.Errorf("%s %q says %s=%q", s.Service, s.Name, name, value)
				}
			}
		}
	}
}
