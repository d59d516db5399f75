package portalapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// apiKey makes one with the scopes (a JSON list).
func (f *fixture) apiKey(t *testing.T, owner as, livemode, scopes string) as {
	t.Helper()
	r := f.must(t, owner, "POST", "/merchant/api-keys", `{"name":"x","livemode":`+livemode+`,"scopes":`+scopes+`}`)
	return as{public: r.str("api_key"), secret: r.str("api_secret")}
}

const bothScopes = `["webhooks:read","webhooks:write"]`

func TestEndpointsWithLoginAndWithKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	for name, who := range map[string]as{"login": owner, "key": f.apiKey(t, owner, "false", bothScopes)} {
		made := f.must(t, who, "POST", "/webhook-endpoints", `{"url":"https://example.com/?a=1&b=2","description":"Shop","event_types":["*"],"rate_limit":25}`)
		if made.status != 201 || made.str("secret") != "whsec_first" || made.json["livemode"] != false || !strings.Contains(made.text, "?a=1&b=2") {
			t.Errorf("%s: made %s", name, made.text)
		}
		path := "/webhook-endpoints/" + made.str("id")
		if r := f.must(t, who, "GET", path, ""); r.str("url") != "https://example.com/?a=1&b=2" || strings.Contains(r.text, `"secret"`) {
			t.Errorf("%s: read %s", name, r.text)
		}
		if r := f.must(t, who, "PATCH", path, `{"enabled":false,"event_types":[]}`); r.json["enabled"] != false || !strings.Contains(r.text, `"event_types":[]`) || r.str("description") != "Shop" {
			t.Errorf("%s: changed to %s", name, r.text)
		}
		if r := f.must(t, who, "PATCH", path, `{"rate_limit":0}`); made.json["rate_limit"] != 25.0 || r.json["rate_limit"] != 0.0 {
			t.Errorf("%s: rate limit of %s, then %s", name, made.text, r.text)
		}
		if r := f.must(t, who, "POST", path+"/rotate-secret", `{"overlap_seconds":86400}`); r.str("secret") != "whsec_second" {
			t.Errorf("%s: rotated to %s", name, r.text)
		}
		if got := f.hooks.lastRequest().(*webhooksv1.RotateSecretRequest).GetOverlapSeconds(); got != 86400 {
			t.Errorf("%s: overlap %d", name, got)
		}
		for body, want := range map[string]int64{"": 86400, "{}": 86400, `{"overlap_seconds":0}`: 0} {
			f.must(t, who, "POST", path+"/rotate-secret", body)
			if got := f.hooks.lastRequest().(*webhooksv1.RotateSecretRequest).GetOverlapSeconds(); got != want {
				t.Errorf("%s: %q is an overlap of %d, want %d", name, body, got, want)
			}
		}
		if r := f.must(t, who, "POST", path+"/promote-secret", ""); r.str("id") == "" || r.json["old_secret_until"] != nil || strings.Contains(r.text, `"secret"`) {
			t.Errorf("%s: promoted to %s", name, r.text)
		}
		if r := f.must(t, who, "GET", "/webhook-endpoints?limit=1", ""); len(r.rows()) != 1 || strings.Contains(r.text, `"secret"`) {
			t.Errorf("%s: listed %s", name, r.text)
		}
		if r := f.must(t, who, "GET", "/webhook-endpoints?page=9", ""); len(r.rows()) != 0 {
			t.Errorf("%s: listed %s", name, r.text)
		}
		if r := f.must(t, who, "DELETE", path, ""); r.status != 204 {
			t.Errorf("%s: deleted %d", name, r.status)
		}
		f.refused(t, errs.NotFoundCode, who, "GET", path, "")
	}
}

func TestModeOfWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	live, test := f.apiKey(t, owner, "true", bothScopes), f.apiKey(t, owner, "false", bothScopes)
	mode := func() bool { return f.hooks.lastRequest().(interface{ GetLivemode() bool }).GetLivemode() }
	for _, c := range []struct {
		who                as
		method, path, body string
		live               bool
	}{
		{owner, "GET", "/webhook-endpoints", "", false},
		{owner, "GET", "/webhook-endpoints?livemode=true", "", true},
		{owner, "GET", "/webhook-deliveries?livemode=true", "", true},
		{owner, "POST", "/webhook-endpoints", `{"url":"https://a.example","livemode":true}`, true},
		{owner, "POST", "/webhook-endpoints?livemode=true", `{"url":"https://b.example"}`, true},
		{live, "GET", "/webhook-endpoints", "", true},
		{live, "POST", "/webhook-endpoints", `{"url":"https://c.example","livemode":true}`, true},
		{test, "GET", "/webhook-deliveries?livemode=false", "", false},
	} {
		f.must(t, c.who, c.method, c.path, c.body)
		if mode() != c.live {
			t.Errorf("%s %s %s: livemode is %t", c.method, c.path, c.body, mode())
		}
	}
	f.refused(t, errs.ValidationError, test, "GET", "/webhook-endpoints?livemode=true", "")
	f.refused(t, errs.ValidationError, test, "POST", "/webhook-endpoints", `{"url":"https://d.example","livemode":true}`)
	f.refused(t, errs.ValidationError, live, "GET", "/webhook-deliveries?livemode=false", "")
}

func TestWebhooksOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.register(t, "owner@example.com"), f.register(t, "stranger@example.com")
	made := f.must(t, owner, "POST", "/webhook-endpoints", `{"url":"https://example.com"}`)
	path := "/webhook-endpoints/" + made.str("id")
	for name, who := range map[string]as{
		"stranger": stranger, "stranger's key": f.apiKey(t, stranger, "false", bothScopes), "own key of the other mode": f.apiKey(t, owner, "true", bothScopes),
	} {
		f.refused(t, errs.NotFoundCode, who, "GET", path, "")
		f.refused(t, errs.NotFoundCode, who, "PATCH", path, `{"url":"https://evil.example"}`)
		f.refused(t, errs.NotFoundCode, who, "DELETE", path, "")
		f.refused(t, errs.NotFoundCode, who, "POST", path+"/rotate-secret", "")
		f.refused(t, errs.NotFoundCode, who, "POST", path+"/promote-secret", "")
		if r := f.must(t, who, "GET", "/webhook-endpoints", ""); len(r.rows()) != 0 {
			t.Errorf("%s sees %s", name, r.text)
		}
	}
	asked := f.hooks.lastRequest()
	for _, id := range []string{"a%20b", strings.Repeat("x", 65)} {
		f.refused(t, errs.NotFoundCode, owner, "GET", "/webhook-endpoints/"+id, "")
		f.refused(t, errs.NotFoundCode, owner, "GET", "/webhook-deliveries/"+id, "")
	}
	if f.hooks.lastRequest() != asked {
		t.Error("what cannot be an id was asked for")
	}
	if r := f.must(t, owner, "GET", path, ""); r.str("url") != "https://example.com" {
		t.Errorf("changed to %s", r.text)
	}
}

func TestScopesOfWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	reader, writer := f.apiKey(t, owner, "false", `["webhooks:read"]`), f.apiKey(t, owner, "false", `["webhooks:write"]`)
	f.must(t, reader, "GET", "/webhook-endpoints", "")
	f.must(t, reader, "GET", "/webhook-deliveries", "")
	f.refused(t, errs.InsufficientScope, reader, "POST", "/webhook-endpoints", `{"url":"https://a.example"}`)
	f.refused(t, errs.InsufficientScope, reader, "DELETE", "/webhook-endpoints/x", "")
	f.must(t, writer, "POST", "/webhook-endpoints", `{"url":"https://a.example"}`)
	f.refused(t, errs.InsufficientScope, writer, "GET", "/webhook-deliveries", "")
	writer.secret = "sk_test_wrong000"
	f.refused(t, errs.InvalidSecret, writer, "GET", "/webhook-endpoints", "")
	// A wrong key is not made good by a login beside it.
	f.refused(t, errs.InvalidSecret, as{token: owner.token, public: writer.public, secret: writer.secret}, "GET", "/webhook-endpoints", "")
	f.refused(t, errs.Unauthenticated, as{}, "GET", "/webhook-endpoints", "")
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.register(t, "owner@example.com"), f.register(t, "stranger@example.com")
	at := timestamppb.New(time.Date(2026, 6, 17, 12, 20, 20, 979e6, time.UTC))
	f.hooks.deliver(f.must(t, owner, "GET", "/merchant", "").str("id"), false, &webhooksv1.Delivery{
		Id: "d1", EndpointId: "e1", EventId: "evt1", EventType: "payment.completed", Reference: "PAY-1", Sequence: 3, Status: "pending", AttemptCount: 1,
		NextAttemptAt: at, CreatedAt: at, Body: []byte(`{"event":"payment.completed"}`),
		Attempts: []*webhooksv1.Attempt{{Number: 1, StartedAt: at, DurationMicros: 1500, ResponseStatus: 500, ResponseBody: []byte("no\xff"), Error: "status"}},
	})
	list := f.must(t, owner, "GET", "/webhook-deliveries?endpoint_id=e1&status=pending&reference=PAY-1&event_type=payment.completed&page=2&limit=5", "")
	if len(list.rows()) != 1 || list.rows()[0]["next_attempt_at"] != "2026-06-17T12:20:20.979Z" || list.rows()[0]["delivered_at"] != nil {
		t.Errorf("listed %s", list.text)
	}
	q := f.hooks.lastRequest().(*webhooksv1.ListDeliveriesRequest)
	if q.GetEndpointId() != "e1" || q.GetStatus() != "pending" || q.GetReference() != "PAY-1" || q.GetEventType() != "payment.completed" || q.GetPage() != 2 || q.GetLimit() != 5 {
		t.Errorf("asked for %v", q)
	}
	one := f.must(t, owner, "GET", "/webhook-deliveries/d1", "")
	if one.str("body") != `{"event":"payment.completed"}` || !strings.Contains(one.text, `"duration_ms":1.5`) || !strings.Contains(one.text, `"error":"status"`) {
		t.Errorf("read %s", one.text)
	}
	f.refused(t, errs.NotFoundCode, stranger, "GET", "/webhook-deliveries/d1", "")
	f.refused(t, errs.NotFoundCode, owner, "GET", "/webhook-deliveries/d1?livemode=true", "")
	if r := f.must(t, stranger, "GET", "/webhook-deliveries", ""); len(r.rows()) != 0 {
		t.Errorf("a stranger sees %s", r.text)
	}
}
