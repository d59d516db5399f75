package webhooks

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func TestADisabledEndpointMissesItsOpenDeliveries(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusInternalServerError))
	id, _ := f.endpoint(s.URL)
	other, _ := f.endpoint(s.URL)
	later := payment()
	later.Status, later.Sequence = "refunded", 4
	f.publish(f.changed("payment.completed", payment()), f.changed("payment.refunded", later))
	eventually(t, "the first of both failed at both endpoints", func() bool {
		n := 0
		for _, d := range f.deliveries() {
			n += int(d.GetAttemptCount())
		}
		return n == 2 && f.count("waiting") == 2 && f.count("pending") == 2
	})
	f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures, tripped, paused_until) values ($1, $2, 12, true, $2) on conflict do nothing`, id, f.clock.Now())
	if e := f.enable(id, false); e.GetEnabled() || e.GetDisabledReason() != "by_merchant" {
		t.Errorf("disabled: %v", e)
	}
	if n := f.count("missed"); n != 2 || f.count("waiting")+f.count("pending") != 2 {
		t.Errorf("%d missed", n)
	}
	var tidy bool
	err := f.core.Pool.QueryRow(t.Context(), `select bool_and(endpoint_id = $1 and finished_at is not null and lease_owner is null)
		from deliveries where status = 'missed'`, id).Scan(&tidy)
	if err != nil || !tidy {
		t.Errorf("missed deliveries are not ended as they should, %v", err)
	}
	if e := f.enable(id, true); !e.GetEnabled() || e.GetDisabledReason() != "" || e.GetHealth().GetState() != "healthy" {
		t.Errorf("enabled: %v", e)
	}
	if n := f.count("missed"); n != 2 {
		t.Errorf("%d missed: enabling sends nothing by itself", n)
	}
	if e := f.read(other); !e.GetEnabled() {
		t.Errorf("the other endpoint: %v", e)
	}
}

func TestADeletedEndpointLeavesNoHealth(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures) values ($1, $2, 1)`, id, f.clock.Now())
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := f.core.Pool.QueryRow(t.Context(), `select count(*) from endpoint_health`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestHealthIsShown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	now := f.clock.Now()
	since, soon := now.Add(-time.Hour), now.Add(time.Minute)
	for name, c := range map[string]struct {
		since, paused *time.Time
		tripped       bool
		want          string
		retry         bool
	}{
		"failing":                   {since: &since, want: "failing"},
		"failing, asked to wait":    {since: &since, paused: &soon, want: "failing", retry: true},
		"failing, waited":           {since: &since, paused: &now, want: "failing"},
		"breaker":                   {since: &since, paused: &soon, tripped: true, want: "open", retry: true},
		"breaker, at this moment":   {since: &since, paused: &now, tripped: true, want: "half_open"},
		"well, but asked for peace": {paused: &soon, want: "healthy", retry: true},
	} {
		f.exec(`delete from endpoint_health`)
		f.exec(`delete from breakers`)
		if c.tripped {
			f.exec(`insert into breakers (endpoint_id, event_type, failing_since, failures, last_error, tripped, trips, paused_until)
				values ($1, 'payment.completed', $2, 12, 'timeout', true, 1, $3)`, id, c.since, c.paused)
		} else {
			f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures, last_error, paused_until) values ($1, $2, 12, 'timeout', $3)`,
				id, c.since, c.paused)
		}
		h := f.read(id).GetHealth()
		if h.GetState() != c.want || (h.GetRetryAt() != nil) != c.retry || (h.GetFailingSince() != nil) != (c.since != nil) ||
			h.GetConsecutiveFailures() != 12 || h.GetLastError() != "timeout" {
			t.Errorf("%s: %v", name, h)
		}
		list, err := f.api.ListEndpoints(t.Context(), &webhooksv1.ListEndpointsRequest{MerchantId: "m_1"})
		if err != nil || list.GetEndpoints()[0].GetHealth().GetState() != c.want {
			t.Errorf("%s in the list: %v, %v", name, list, err)
		}
	}
	f.exec(`delete from breakers`)
	f.exec(`delete from endpoint_health`)
	if h := f.read(id).GetHealth(); h.GetState() != "healthy" || h.GetFailingSince() != nil || h.GetRetryAt() != nil {
		t.Errorf("without a row: %v", h)
	}
}

func TestTheRateLimitIsKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	made, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: "m_1", Url: "https://shop.example.com/", RateLimit: 1000})
	if err != nil || made.GetEndpoint().GetRateLimit() != 1000 {
		t.Fatalf("%v, %v", made, err)
	}
	id := made.GetEndpoint().GetId()
	set := func(limit *int32) (*webhooksv1.Endpoint, error) {
		resp, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, RateLimit: limit})
		return resp.GetEndpoint(), err
	}
	zero := int32(0)
	for _, wrong := range []int32{-1, 1001, math.MaxInt32, math.MinInt32} {
		if _, err := set(&wrong); fields(err) != "rate_limit" {
			t.Errorf("%d: %v", wrong, err)
		}
	}
	if e, err := set(nil); err != nil || e.GetRateLimit() != 1000 || f.read(id).GetRateLimit() != 1000 {
		t.Errorf("unchanged: %v, %v", e, err)
	}
	if e, err := set(&zero); err != nil || e.GetRateLimit() != 0 || f.read(id).GetRateLimit() != 0 {
		t.Errorf("no limit: %v, %v", e, err)
	}
}

func TestAnEndpointIsTested(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Shop", "blue")
		w.Header().Set("Set-Cookie", "session=secret")
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte("no tea"))
	})
	id, secret := f.endpoint(s.URL)
	f.exec(`update endpoints set proven_at = now()`)
	try := func(id string) (*webhooksv1.Delivery, error) {
		resp, err := f.api.TestEndpoint(t.Context(), &webhooksv1.TestEndpointRequest{MerchantId: "m_1", Id: id})
		return resp.GetDelivery(), err
	}
	for _, enabled := range []bool{true, false} {
		f.enable(id, enabled)
		d, err := try(id)
		if err != nil || len(d.GetAttempts()) != 1 || d.GetEventType() != "webhook_endpoint.test" || d.GetStatus() != "exhausted" {
			t.Fatalf("enabled %t: %v, %v", enabled, d, err)
		}
		a := d.GetAttempts()[0]
		if a.GetResponseStatus() != http.StatusTeapot || string(a.GetResponseBody()) != "no tea" || !strings.Contains(a.GetResponseHeaders(), "X-Shop: blue\n") ||
			strings.Contains(a.GetResponseHeaders(), "secret") {
			t.Errorf("attempt: %v", a)
		}
		h := s.next(t)
		if err := standard(h, secret, f.clock.Now()); err != nil || h.header.Get("webhook-id") != d.GetEventId() || string(h.body) != string(d.GetBody()) {
			t.Errorf("sent %s %v, %v", h.body, h.header, err)
		}
		_, err = f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: d.GetId()})
		if !errs.Is(err, errs.InvalidState) {
			t.Errorf("a test is sent again: %v", err)
		}
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := try(id); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("deleted: %v", err)
	}
}
