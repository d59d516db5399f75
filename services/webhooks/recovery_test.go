package webhooks

import (
	"net/http"
	"testing"
	"time"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// opened returns an endpoint whose breaker is open, with its server, which is well again.
func opened(t *testing.T, f *fixture) (id string, s *switched) {
	t.Helper()
	s = newSwitched(t, http.StatusInternalServerError)
	id, _ = f.endpoint(s.URL)
	for i := range 30 {
		f.publish(f.completed(i))
	}
	eventually(t, "all recorded", func() bool { return len(f.deliveries()) == 30 })
	f.idle()
	if h := f.read(id).GetHealth(); h.GetState() != "open" {
		t.Fatalf("the breaker is not open: %v", h)
	}
	for range len(s.hits) {
		<-s.hits
	}
	s.code.Store(http.StatusOK)
	return id, s
}

// TestAResendBypassesAnOpenBreaker: its merchant says that the endpoint works again. Nobody waits for the pause to end.
func TestAResendBypassesAnOpenBreaker(t *testing.T) {
	t.Parallel()
	for name, finished := range map[string]bool{"of what had ended": true, "of what waits for its next attempt": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			id, s := opened(t, f)
			var delivery string
			for _, d := range f.deliveries() {
				if d.GetAttemptCount() == 1 {
					delivery = d.GetId()
				}
			}
			if finished {
				f.exec(`update deliveries set status = 'exhausted', finished_at = next_attempt_at, lease_owner = null where id = $1`, delivery)
			}
			if _, err := f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: delivery}); err != nil {
				t.Fatal(err)
			}
			s.next(t) // the clock stands still
			eventually(t, "the breaker is closed", func() bool { return f.read(id).GetHealth().GetState() == "healthy" })
		})
	}
}

func TestATestBypassesAnOpenBreaker(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, s := opened(t, f)
	if _, err := f.engine.Test(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "webhook_endpoint.test" {
		t.Errorf("sent %s", h.body)
	}
	eventually(t, "the breaker is closed", func() bool { return f.read(id).GetHealth().GetState() == "healthy" })
}

// TestDeliverNowDoesNotTouchAnAttemptInProgress: also where this replica's clock is behind that of the one that made it due.
func TestDeliverNowDoesNotTouchAnAttemptInProgress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.patient()
	release := make(chan struct{})
	s := newSink(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	s.next(t)
	f.clock.Advance(-time.Second)
	if err := f.engine.DeliverNow(t.Context(), f.deliveries()[0].GetId()); err != nil {
		t.Fatal(err)
	}
	f.claimNothing()
	if _, running := f.engine.Held(); running != 1 || len(s.hits) != 0 {
		t.Errorf("%d attempts at one time", running+len(s.hits))
	}
}

func TestADeletedEndpointsDeliveriesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	f.past(id, "missed", 1)
	delivery := f.deliveries()[0].GetId()
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	if n, err := f.engine.Reopen(t.Context(), []string{delivery}); n != 0 || err != nil || f.count("missed") != 1 {
		t.Errorf("%d sent again to a deleted endpoint, %v", n, err)
	}
}

// TestAnEndpointIsDisabledOnce: each of several attempts that hear 410 asks for it.
func TestAnEndpointIsDisabledOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	watch := newSwitched(t, http.StatusOK)
	f.endpoint(watch.URL, "webhook_endpoint.disabled")
	const n = 4
	release := make(chan struct{})
	s := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.WriteHeader(http.StatusGone)
	})
	id, _ := f.endpoint(s.URL)
	for i := range n {
		f.publish(f.completed(i))
	}
	for range n {
		s.next(t)
	}
	close(release)
	if got, _ := disabledEvent(t, watch.next(t)); got != id {
		t.Fatalf("heard of %s", got)
	}
	// Disabling ends what is open as missed, also what was under way.
	eventually(t, "all ended", func() bool { return f.count("exhausted")+f.count("missed") == n })
	f.idle()
	// Endpoints are disabled one after the other: once another one is, nothing of the first is left to do.
	other, _ := f.endpoint(newSwitched(t, http.StatusGone).URL)
	f.publish(f.completed(n))
	if got, _ := disabledEvent(t, watch.next(t)); got != other {
		t.Errorf("heard of %s, want of the other endpoint", got)
	}
	var announced int
	err := f.core.Pool.QueryRow(t.Context(), `select event_sequence from endpoints where id = $1`, id).Scan(&announced)
	if err != nil || announced != 1 {
		t.Errorf("announced %d times, %v", announced, err)
	}
}

func TestTheRateLimitSpacesDeliveries(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	_, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: "m_1", Url: s.URL, RateLimit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		f.publish(f.completed(i))
	}
	for i := range 3 {
		s.next(t)
		eventually(t, "the others wait", func() bool {
			held, running := f.engine.Held()
			return f.count("delivered") == int64(i+1) && held == 2-i && running == 0
		})
		f.clock.Advance(time.Second / 10)
	}
}
