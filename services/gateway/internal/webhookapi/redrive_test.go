package webhookapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// recovery is a merchant with an endpoint and two deliveries: d1, which failed once, and d2, which was missed.
func recovery(t *testing.T) (f *fixture, owner as, path string) {
	t.Helper()
	f = setup(t)
	owner = f.Register(t, "owner@example.com")
	merchant := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	f.Must(t, f.Admin(t), "POST", "/admin/merchants/"+merchant+"/gateway", `{"enabled":true}`)
	at := timestamppb.New(noon)
	a := &webhooksv1.Attempt{
		Number: 1, StartedAt: at, DurationMicros: 1500, ResponseStatus: 500, ResponseBody: []byte("no"), Error: "status",
		ResponseHeaders: "Content-Type: text/plain\nVia: a\nVia: b: c\nbroken\n", DeliveryId: "d1", EventType: "payment.failed", Reference: "PAY-1", Id: "d1-2",
	}
	f.hooks.deliver(merchant, false, &webhooksv1.Delivery{
		Id: "d1", EndpointId: "e1", EventId: "evt1", EventType: "payment.failed", Reference: "PAY-1", Status: "pending", AttemptCount: 1,
		NextAttemptAt: at, CreatedAt: at, Attempts: []*webhooksv1.Attempt{a},
	})
	f.hooks.deliver(merchant, false, &webhooksv1.Delivery{Id: "d2", Status: "missed", CreatedAt: at})
	f.hooks.attempts = []*webhooksv1.Attempt{a}
	return f, owner, "/webhook-endpoints/" + f.Must(t, owner, "POST", "/webhook-endpoints", `{"url":"https://example.com"}`).Str("id")
}

func TestAnEndpointShowsItsHealth(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	if r := f.Must(t, owner, "GET", path, ""); !strings.Contains(r.Text,
		`"health":{"state":"healthy","failing_since":null,"consecutive_failures":0,"retry_at":null,"last_error":"","held_event_types":[]}`) {
		t.Errorf("read %s", r.Text)
	}
	f.hooks.mu.Lock()
	f.hooks.endpoints[0].Health = &webhooksv1.EndpointHealth{
		State: "open", FailingSince: timestamppb.New(noon), ConsecutiveFailures: 12, RetryAt: timestamppb.New(noon.Add(time.Minute)), LastError: "timeout",
		HeldEventTypes: []string{"payment.failed"},
	}
	f.hooks.mu.Unlock()
	if r := f.Must(t, owner, "GET", path, ""); !strings.Contains(r.Text, `"health":{"state":"open","failing_since":"2026-06-17T12:00:00.000Z",`+
		`"consecutive_failures":12,"retry_at":"2026-06-17T12:01:00.000Z","last_error":"timeout","held_event_types":["payment.failed"]}`) {
		t.Errorf("read %s", r.Text)
	}
}

func TestATestReturnsTheAnswerOfTheServer(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	for _, body := range []string{"", "{}", `{"livemode":false}`} {
		r := f.Must(t, owner, "POST", path+"/test", body)
		for _, want := range []string{
			`"response_headers":{"Content-Type":"text/plain","Via":"a, b: c"}`, `"webhook-id":"evt1"`, `"webhook-timestamp":"1781697600"`,
			`"X-EuPay-Event":"payment.failed"`, `"response_status":500`, `"error":"status"`,
		} {
			if r.Status != 200 || !strings.Contains(r.Text, want) {
				t.Errorf("%s is missing in %d %s", want, r.Status, r.Text)
			}
		}
		if strings.Contains(strings.ToLower(r.Text), "signature") {
			t.Errorf("a signature is shown: %s", r.Text)
		}
	}
	// The service itself waits for 12 s.
	if f.hooks.patience < 12*time.Second || f.hooks.patience > 15*time.Second {
		t.Errorf("the service is given %v", f.hooks.patience)
	}
	f.Refused(t, errs.ValidationError, owner, "POST", path+"/test", `{"event":"payment.completed"}`)
}

func TestAttemptsOfAnEndpoint(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	r := f.Must(t, owner, "GET", path+"/attempts?outcome=failure&started_after=2026-06-17T12:00:00Z&started_before=2026-06-17T15:00:00%2B02:00&page=3&limit=7", "")
	if len(r.Rows()) != 1 || r.Rows()[0]["delivery_id"] != "d1" || r.Rows()[0]["event_type"] != "payment.failed" || r.Rows()[0]["reference"] != "PAY-1" {
		t.Errorf("listed %s", r.Text)
	}
	q := f.hooks.lastRequest().(*webhooksv1.ListAttemptsRequest)
	if q.GetOutcome() != "failure" || q.GetPage() != 3 || q.GetLimit() != 7 || q.GetEndpointId() == "" ||
		!q.GetStartedAfter().AsTime().Equal(noon) || !q.GetStartedBefore().AsTime().Equal(noon.Add(time.Hour)) {
		t.Errorf("asked for %v", q)
	}
	f.Must(t, owner, "GET", path+"/attempts", "")
	if q := f.hooks.lastRequest().(*webhooksv1.ListAttemptsRequest); q.GetStartedAfter() != nil || q.GetStartedBefore() != nil {
		t.Errorf("asked for %v", q)
	}
}

func TestAListOfAttemptsContinuesAfterTheLast(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	r := f.Must(t, owner, "GET", path+"/attempts?starting_after=d1-1&outcome=failure", "")
	if len(r.Rows()) != 1 || r.Rows()[0]["id"] != "d1-2" || r.JSON["has_more"] != true || r.JSON["pagination"] != nil {
		t.Errorf("listed %s", r.Text)
	}
	if q := f.hooks.lastRequest().(*webhooksv1.ListAttemptsRequest); q.GetStartingAfter() != "d1-1" || q.GetOutcome() != "failure" || q.GetPage() != 0 {
		t.Errorf("asked for %v", q)
	}
	if r := f.Refused(t, errs.ValidationError, owner, "GET", path+"/attempts?starting_after=d1-1&page=2", ""); r.Fields() != "starting_after" {
		t.Errorf("refused %s", r.Text)
	}
}

func TestSendingAgain(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	if r := f.Must(t, owner, "POST", "/webhook-deliveries/d1/resend", ""); r.Status != 202 || r.Str("id") != "d1" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	f.Refused(t, errs.InvalidState, owner, "POST", "/webhook-deliveries/d2/resend", "")
	r := f.Must(t, owner, "POST", "/webhook-deliveries/resend", `{"endpoint_id":"e1","status":"missed","reference":"PAY-1","event_type":"payment.failed",`+
		`"created_after":"2026-06-17T12:00:00Z","created_before":"2026-06-17T13:00:00Z"}`)
	if r.Status != 200 || r.Text != `{"count":10000,"more":true,"dry_run":false}`+"\n" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	q := f.hooks.lastRequest().(*webhooksv1.ResendDeliveriesRequest)
	if g := q.GetFilter(); g.GetEndpointId() != "e1" || g.GetStatus() != "missed" || g.GetReference() != "PAY-1" || g.GetEventType() != "payment.failed" ||
		!g.GetCreatedAfter().AsTime().Equal(noon) || !g.GetCreatedBefore().AsTime().Equal(noon.Add(time.Hour)) || q.GetDryRun() {
		t.Errorf("asked for %v", q)
	}
	r = f.Must(t, owner, "POST", "/webhook-deliveries/resend", `{"endpoint_id":"e1","dry_run":true}`)
	if r.Text != `{"count":10000,"more":true,"dry_run":true,"count_is_minimum":true}`+"\n" {
		t.Errorf("of more than were counted: %s", r.Text)
	}
	for query, minimum := range map[string]bool{"": false, "?event_type=payment.failed": true} {
		if r := f.Must(t, owner, "GET", "/webhook-deliveries"+query, ""); strings.Contains(r.Text, `"total_is_minimum":true`) != minimum {
			t.Errorf("list %s: %s", query, r.Text)
		}
	}
	if r := f.Must(t, owner, "POST", path+"/recover", `{"since":"2026-06-17T12:00:00Z","dry_run":true}`); r.Text != `{"count":7,"more":false,"dry_run":true}`+"\n" {
		t.Errorf("%s", r.Text)
	}
	if q := f.hooks.lastRequest().(*webhooksv1.RecoverEndpointRequest); !q.GetDryRun() || !q.GetSince().AsTime().Equal(noon) {
		t.Errorf("asked for %v", q)
	}
}

func TestBadTimesAndBodiesOfWebhooksAreNamed(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	asked := f.hooks.lastRequest()
	for _, c := range []struct{ method, path, body, fields string }{
		{"POST", path + "/recover", `{}`, "since"},
		{"POST", path + "/recover", `{"since":null}`, "since"},
		{"POST", path + "/recover", `{"since":"yesterday"}`, "since"},
		{"POST", path + "/recover", `{"since":1781697600}`, "since"},
		{"POST", path + "/recover", `{"since":"yesterday"}`, "since"},
		{"POST", path + "/recover", `{"since":"2026-06-17T12:00:00Z","dry_run":"no"}`, "dry_run"},
		{"POST", path + "/recover", `{"since":"2026-06-17T12:00:00Z","dryrun":true}`, "dryrun"},
		{"POST", path + "/recover", ``, "body"},
		{"POST", "/webhook-deliveries/resend", ``, "body"},
		{"POST", "/webhook-deliveries/resend", `{"created_after":"\u0000","created_before":"9999999-01-01T00:00:00Z"}`, "created_after created_before"},
		{"POST", "/webhook-deliveries/resend", `{"reference":"PAY-1","livemode":"x"}`, "livemode"},
		{"GET", "/webhook-deliveries?created_after=x&created_before=", "", "created_after created_before"},
		{"GET", path + "/attempts?started_after=%00", "", "started_after"},
		{"GET", path + "/attempts?outcome=%00", "", "outcome"},
		{"GET", path + "/attempts?limit=101&page=0", "", "page limit"},
		{"PATCH", path, `{"rate_limit":1.5}`, "rate_limit"},
		{"PATCH", path, `{"rate_limit":9999999999}`, "rate_limit"},
	} {
		if r := f.Refused(t, errs.ValidationError, owner, c.method, c.path, c.body); r.Fields() != c.fields {
			t.Errorf("%s %s %s refuses %q, want %q", c.method, c.path, c.body, r.Fields(), c.fields)
		}
	}
	if f.hooks.lastRequest() != asked {
		t.Error("what is wrong was asked for")
	}
}

func TestDeliveriesOfOthersCannotBeSentAgain(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	stranger := f.Register(t, "stranger@example.com")
	const since = `{"since":"2026-06-17T12:00:00Z"}`
	for name, who := range map[string]as{
		"stranger": stranger, "stranger's key": f.APIKey(t, stranger, "false", bothScopes), "own key of the other mode": f.APIKey(t, owner, "true", bothScopes),
	} {
		f.Refused(t, errs.NotFoundCode, who, "POST", path+"/test", "")
		f.Refused(t, errs.NotFoundCode, who, "POST", path+"/recover", since)
		f.Refused(t, errs.NotFoundCode, who, "GET", path+"/attempts", "")
		f.Refused(t, errs.NotFoundCode, who, "POST", "/webhook-deliveries/d1/resend", "")
		f.Must(t, who, "POST", "/webhook-deliveries/resend", `{"endpoint_id":"e1"}`)
		if q := f.hooks.lastRequest().(*webhooksv1.ResendDeliveriesRequest); q.GetMerchantId() == f.hooks.endpoints[0].GetMerchantId() && !q.GetLivemode() {
			t.Errorf("%s asks for %v", name, q)
		}
	}
	asked := f.hooks.lastRequest()
	for _, id := range []string{"a%20b", strings.Repeat("x", 65)} {
		f.Refused(t, errs.NotFoundCode, owner, "POST", "/webhook-endpoints/"+id+"/test", "")
		f.Refused(t, errs.NotFoundCode, owner, "POST", "/webhook-endpoints/"+id+"/recover", since)
		f.Refused(t, errs.NotFoundCode, owner, "GET", "/webhook-endpoints/"+id+"/attempts", "")
		f.Refused(t, errs.NotFoundCode, owner, "POST", "/webhook-deliveries/"+id+"/resend", "")
	}
	if f.hooks.lastRequest() != asked {
		t.Error("what cannot be an id was asked for")
	}
}

func TestSendingAgainNeedsTheScopeAndTheMode(t *testing.T) {
	t.Parallel()
	f, owner, path := recovery(t)
	reader, writer := f.APIKey(t, owner, "false", `["webhooks:read"]`), f.APIKey(t, owner, "false", `["webhooks:write"]`)
	const since = `{"since":"2026-06-17T12:00:00Z"}`
	for _, c := range []struct{ path, body string }{
		{path + "/test", ""}, {path + "/recover", since}, {"/webhook-deliveries/d1/resend", ""}, {"/webhook-deliveries/resend", `{"reference":"PAY-1"}`},
	} {
		f.Refused(t, errs.InsufficientScope, reader, "POST", c.path, c.body)
		f.Must(t, writer, "POST", c.path, c.body)
		f.Refused(t, errs.ValidationError, writer, "POST", c.path+"?livemode=true", c.body)
		live := `{"livemode":true}`
		if c.body != "" {
			live = strings.TrimSuffix(c.body, "}") + `,"livemode":true}`
		}
		if r := f.Refused(t, errs.ValidationError, writer, "POST", c.path, live); r.Fields() != "livemode" {
			t.Errorf("%s refuses %q", c.path, r.Fields())
		}
	}
	f.Must(t, reader, "GET", path+"/attempts", "")
	f.Refused(t, errs.InsufficientScope, writer, "GET", path+"/attempts", "")
	f.Must(t, owner, "POST", "/webhook-deliveries/resend", `{"reference":"PAY-1","livemode":true}`)
	if !f.hooks.lastRequest().(*webhooksv1.ResendDeliveriesRequest).GetLivemode() {
		t.Error("the mode of the body was not used")
	}
}

// A test is a request by us to a host that the caller names: it must not serve to explore hosts.
func TestTestsAreLimitedAndLocalUntilTheMerchantIsEnabled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	made := func(url string) string {
		return "/webhook-endpoints/" + f.Must(t, owner, "POST", "/webhook-endpoints", fmt.Sprintf(`{"url":%q}`, url)).Str("id") + "/test"
	}
	f.hooks.deliver(f.Must(t, owner, "GET", "/merchant", "").Str("id"), false, &webhooksv1.Delivery{
		Id: "d1", EndpointId: "e1", EventId: "evt1", EventType: "webhook_endpoint.test", Reference: "d1", Status: "delivered", CreatedAt: timestamppb.New(noon),
	})
	for _, url := range []string{"https://example.com", "http://localhost.example.com", "http://127.0.0.1@192.0.2.1", "http://10.0.0.1", "http://2130706433"} {
		f.Refused(t, errs.APIAccessDisabled, owner, "POST", made(url), "")
	}
	for _, url := range []string{"http://localhost:3000/x", "http://127.0.0.1", "http://[::1]:80"} {
		f.Must(t, owner, "POST", made(url), "")
	}
	f.Clock.Advance(time.Minute)
	id := f.Must(t, owner, "GET", "/merchant", "").Str("id")
	f.Must(t, f.Admin(t), "POST", "/admin/merchants/"+id+"/gateway", `{"enabled":true}`)
	path := made("https://example.com")
	for range testsOfEndpoint {
		f.Must(t, owner, "POST", path, "")
	}
	f.Refused(t, errs.RateLimitExceeded, owner, "POST", path, "")
	for range testsOfMerchant - testsOfEndpoint - 1 {
		f.Must(t, owner, "POST", made("https://example.com"), "")
	}
	f.Refused(t, errs.RateLimitExceeded, owner, "POST", made("https://example.com"), "")
}
