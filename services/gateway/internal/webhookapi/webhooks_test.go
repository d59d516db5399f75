package webhookapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

const bothScopes = `["webhooks:read","webhooks:write"]`

func TestEndpointsWithLoginAndWithKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	for name, who := range map[string]as{"login": owner, "key": f.APIKey(t, owner, "false", bothScopes)} {
		made := f.Must(t, who, "POST", "/webhook-endpoints", `{"url":"https://example.com/?a=1&b=2","description":"Shop","event_types":["*"],"rate_limit":25}`)
		if made.Status != 201 || made.Str("secret") != "whsec_first" || made.JSON["livemode"] != false || !strings.Contains(made.Text, "?a=1&b=2") {
			t.Errorf("%s: made %s", name, made.Text)
		}
		path := "/webhook-endpoints/" + made.Str("id")
		if r := f.Must(t, who, "GET", path, ""); r.Str("url") != "https://example.com/?a=1&b=2" || strings.Contains(r.Text, `"secret"`) {
			t.Errorf("%s: read %s", name, r.Text)
		}
		if r := f.Must(t, who, "PATCH", path, `{"enabled":false,"event_types":[]}`); r.JSON["enabled"] != false || !strings.Contains(r.Text, `"event_types":[]`) || r.Str("description") != "Shop" {
			t.Errorf("%s: changed to %s", name, r.Text)
		}
		if r := f.Must(t, who, "PATCH", path, `{"rate_limit":0}`); made.JSON["rate_limit"] != 25.0 || r.JSON["rate_limit"] != 0.0 {
			t.Errorf("%s: rate limit of %s, then %s", name, made.Text, r.Text)
		}
		if r := f.Must(t, who, "POST", path+"/rotate-secret", `{"overlap_seconds":86400}`); r.Str("secret") != "whsec_second" {
			t.Errorf("%s: rotated to %s", name, r.Text)
		}
		if got := f.hooks.lastRequest().(*webhooksv1.RotateSecretRequest).GetOverlapSeconds(); got != 86400 {
			t.Errorf("%s: overlap %d", name, got)
		}
		for body, want := range map[string]int64{"": 86400, "{}": 86400, `{"overlap_seconds":0}`: 0} {
			f.Must(t, who, "POST", path+"/rotate-secret", body)
			if got := f.hooks.lastRequest().(*webhooksv1.RotateSecretRequest).GetOverlapSeconds(); got != want {
				t.Errorf("%s: %q is an overlap of %d, want %d", name, body, got, want)
			}
		}
		if r := f.Must(t, who, "POST", path+"/promote-secret", ""); r.Str("id") == "" || r.JSON["old_secret_until"] != nil || strings.Contains(r.Text, `"secret"`) {
			t.Errorf("%s: promoted to %s", name, r.Text)
		}
		if r := f.Must(t, who, "GET", "/webhook-endpoints?limit=1", ""); len(r.Rows()) != 1 || strings.Contains(r.Text, `"secret"`) {
			t.Errorf("%s: listed %s", name, r.Text)
		}
		if r := f.Must(t, who, "GET", "/webhook-endpoints?page=9", ""); len(r.Rows()) != 0 {
			t.Errorf("%s: listed %s", name, r.Text)
		}
		if r := f.Must(t, who, "DELETE", path, ""); r.Status != 204 {
			t.Errorf("%s: deleted %d", name, r.Status)
		}
		f.Refused(t, errs.NotFoundCode, who, "GET", path, "")
	}
}

func TestModeOfWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	live, test := f.APIKey(t, owner, "true", bothScopes), f.APIKey(t, owner, "false", bothScopes)
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
		f.Must(t, c.who, c.method, c.path, c.body)
		if mode() != c.live {
			t.Errorf("%s %s %s: livemode is %t", c.method, c.path, c.body, mode())
		}
	}
	f.Refused(t, errs.ValidationError, test, "GET", "/webhook-endpoints?livemode=true", "")
	f.Refused(t, errs.ValidationError, test, "POST", "/webhook-endpoints", `{"url":"https://d.example","livemode":true}`)
	f.Refused(t, errs.ValidationError, live, "GET", "/webhook-deliveries?livemode=false", "")
}

func TestWebhooksOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.Register(t, "owner@example.com"), f.Register(t, "stranger@example.com")
	made := f.Must(t, owner, "POST", "/webhook-endpoints", `{"url":"https://example.com"}`)
	path := "/webhook-endpoints/" + made.Str("id")
	for name, who := range map[string]as{
		"stranger": stranger, "stranger's key": f.APIKey(t, stranger, "false", bothScopes), "own key of the other mode": f.APIKey(t, owner, "true", bothScopes),
	} {
		f.Refused(t, errs.NotFoundCode, who, "GET", path, "")
		f.Refused(t, errs.NotFoundCode, who, "PATCH", path, `{"url":"https://evil.example"}`)
		f.Refused(t, errs.NotFoundCode, who, "DELETE", path, "")
		f.Refused(t, errs.NotFoundCode, who, "POST", path+"/rotate-secret", "")
		f.Refused(t, errs.NotFoundCode, who, "POST", path+"/promote-secret", "")
		if r := f.Must(t, who, "GET", "/webhook-endpoints", ""); len(r.Rows()) != 0 {
			t.Errorf("%s sees %s", name, r.Text)
		}
	}
	asked := f.hooks.lastRequest()
	for _, id := range []string{"a%20b", strings.Repeat("x", 65)} {
		f.Refused(t, errs.NotFoundCode, owner, "GET", "/webhook-endpoints/"+id, "")
		f.Refused(t, errs.NotFoundCode, owner, "GET", "/webhook-deliveries/"+id, "")
	}
	if f.hooks.lastRequest() != asked {
		t.Error("what cannot be an id was asked for")
	}
	if r := f.Must(t, owner, "GET", path, ""); r.Str("url") != "https://example.com" {
		t.Errorf("changed to %s", r.Text)
	}
}

func TestScopesOfWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	reader, writer := f.APIKey(t, owner, "false", `["webhooks:read"]`), f.APIKey(t, owner, "false", `["webhooks:write"]`)
	f.Must(t, reader, "GET", "/webhook-endpoints", "")
	f.Must(t, reader, "GET", "/webhook-deliveries", "")
	f.Refused(t, errs.InsufficientScope, reader, "POST", "/webhook-endpoints", `{"url":"https://a.example"}`)
	f.Refused(t, errs.InsufficientScope, reader, "DELETE", "/webhook-endpoints/x", "")
	f.Must(t, writer, "POST", "/webhook-endpoints", `{"url":"https://a.example"}`)
	f.Refused(t, errs.InsufficientScope, writer, "GET", "/webhook-deliveries", "")
	writer.Secret = "sk_test_wrong000"
	f.Refused(t, errs.InvalidSecret, writer, "GET", "/webhook-endpoints", "")
	// A wrong key is not made good by a login beside it.
	f.Refused(t, errs.InvalidSecret, as{Token: owner.Token, Public: writer.Public, Secret: writer.Secret}, "GET", "/webhook-endpoints", "")
	f.Refused(t, errs.Unauthenticated, as{}, "GET", "/webhook-endpoints", "")
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner, stranger := f.Register(t, "owner@example.com"), f.Register(t, "stranger@example.com")
	at := timestamppb.New(time.Date(2026, 6, 17, 12, 20, 20, 979e6, time.UTC))
	f.hooks.deliver(f.Must(t, owner, "GET", "/merchant", "").Str("id"), false, &webhooksv1.Delivery{
		Id: "d1", EndpointId: "e1", EventId: "evt1", EventType: "payment.completed", Reference: "PAY-1", Sequence: 3, Status: "pending", AttemptCount: 1,
		NextAttemptAt: at, CreatedAt: at, Body: []byte(`{"event":"payment.completed"}`),
		Attempts: []*webhooksv1.Attempt{{Number: 1, StartedAt: at, DurationMicros: 1500, ResponseStatus: 500, ResponseBody: []byte("no\xff"), Error: "status"}},
	})
	list := f.Must(t, owner, "GET", "/webhook-deliveries?endpoint_id=e1&status=pending&reference=PAY-1&event_type=payment.completed&page=2&limit=5", "")
	if len(list.Rows()) != 1 || list.Rows()[0]["next_attempt_at"] != "2026-06-17T12:20:20.979Z" || list.Rows()[0]["delivered_at"] != nil {
		t.Errorf("listed %s", list.Text)
	}
	q := f.hooks.lastRequest().(*webhooksv1.ListDeliveriesRequest)
	if q.GetEndpointId() != "e1" || q.GetStatus() != "pending" || q.GetReference() != "PAY-1" || q.GetEventType() != "payment.completed" || q.GetPage() != 2 || q.GetLimit() != 5 {
		t.Errorf("asked for %v", q)
	}
	one := f.Must(t, owner, "GET", "/webhook-deliveries/d1", "")
	if one.Str("body") != `{"event":"payment.completed"}` || !strings.Contains(one.Text, `"duration_ms":1.5`) || !strings.Contains(one.Text, `"error":"status"`) {
		t.Errorf("read %s", one.Text)
	}
	f.Refused(t, errs.NotFoundCode, stranger, "GET", "/webhook-deliveries/d1", "")
	f.Refused(t, errs.NotFoundCode, owner, "GET", "/webhook-deliveries/d1?livemode=true", "")
	if r := f.Must(t, stranger, "GET", "/webhook-deliveries", ""); len(r.Rows()) != 0 {
		t.Errorf("a stranger sees %s", r.Text)
	}
}
