package webhooks

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func (f *fixture) isDisabled(id, reason string) {
	f.t.Helper()
	resp, err := f.api.GetEndpoint(f.t.Context(), &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id})
	if e := resp.GetEndpoint(); err != nil || e.GetEnabled() || e.GetDisabledReason() != reason {
		f.t.Errorf("endpoint %v, %v, want it disabled because it is %s", e, err, reason)
	}
}

func TestAnEndpointThatIsGoneIsDisabledAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	watch := newSwitched(t, http.StatusOK)
	f.endpoint(watch.URL, "webhook_endpoint.disabled")
	s := newSwitched(t, http.StatusGone)
	id, _ := f.endpoint(s.URL)
	f.publish(f.completed(1))
	if got, reason := disabledEvent(t, watch.next(t)); got != id || reason != "gone" {
		t.Errorf("heard of %s: %s", got, reason)
	}
	f.isDisabled(id, "gone")
	f.publish(f.completed(2))
	eventually(t, "the next one missed", func() bool { c := f.counts(); return c["missed"] == 1 && c["exhausted"] == 1 })
}

func TestAnEndpointThatOnlyFailsIsDisabledAndRecovers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	watch := newSwitched(t, http.StatusOK)
	f.endpoint(watch.URL, "webhook_endpoint.disabled")
	s := newSwitched(t, http.StatusInternalServerError)
	id, _ := f.endpoint(s.URL)
	f.publish(f.completed(1))
	first := s.next(t)
	f.settled("pending", 1)
	f.clock.Advance(f.cfg.DisableAfter - time.Microsecond)
	f.engine.Wake()
	f.settled("pending", 2)
	f.idle()
	f.clock.Advance(time.Microsecond)
	f.publish(f.completed(2)) // DisableAfter since the first failure
	if got, reason := disabledEvent(t, watch.next(t)); got != id || reason != "failing" {
		t.Errorf("heard of %s: %s", got, reason)
	}
	f.isDisabled(id, "failing")
	f.publish(f.completed(3))
	eventually(t, "all three missed", func() bool { return f.counts()["missed"] == 3 })

	var missed []string
	for _, d := range f.deliveries() {
		if d.GetStatus() == "missed" {
			missed = append(missed, d.GetId())
		}
	}
	if n, err := f.engine.Reopen(t.Context(), missed); n != 0 || err != nil {
		t.Errorf("%d sent again to a disabled endpoint, %v", n, err)
	}
	s.code.Store(http.StatusOK)
	on := true
	if _, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, Enabled: &on}); err != nil {
		t.Fatal(err)
	}
	if n, err := f.engine.Reopen(t.Context(), missed); n != 3 || err != nil {
		t.Errorf("%d sent again, %v", n, err)
	}
	eventually(t, "all recovered", func() bool { return f.counts()["delivered"] == 4 })
	again := false
	for range len(s.hits) {
		h := <-s.hits
		again = again || h.header.Get("webhook-id") == first.header.Get("webhook-id") && string(h.body) == string(first.body)
	}
	if !again {
		t.Error("the first event was not sent again under its id")
	}
}

func TestASuccessStartsTheCountAnew(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusInternalServerError)
	id, _ := f.endpoint(s.URL)
	f.publish(f.completed(1))
	f.settled("pending", 1)
	s.code.Store(http.StatusOK)
	f.clock.Advance(5 * time.Second)
	f.engine.Wake()
	f.settled("delivered", 2)
	f.clock.Advance(2 * f.cfg.DisableAfter)
	s.code.Store(http.StatusInternalServerError)
	f.publish(f.completed(2))
	f.idle()
	eventually(t, "failed", func() bool { return f.attempted() == 3 })
	resp, err := f.api.GetEndpoint(t.Context(), &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id})
	if err != nil || !resp.GetEndpoint().GetEnabled() {
		t.Errorf("%v, %v", resp.GetEndpoint(), err)
	}
}

func TestMissedDeliveriesOfADisabledEndpointAreRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	id, _ := f.endpoint(s.URL + "/off")
	f.endpoint(s.URL + "/on")
	off := false
	resp, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, Enabled: &off})
	if err != nil || resp.GetEndpoint().GetEnabled() || resp.GetEndpoint().GetDisabledReason() == "" {
		t.Fatalf("%v, %v", resp, err)
	}
	f.publish(f.changed("payment.completed", payment()))
	if h := s.next(t); h.path != "/on" {
		t.Errorf("got %s", h.path)
	}
	eventually(t, "one delivered, one missed", func() bool { c := f.counts(); return c["delivered"] == 1 && c["missed"] == 1 })
	f.clock.Advance(time.Hour)
	f.claimNothing()
}

// TestAFailingEventTypeDoesNotHoldBackOthers: a handler that fails for payment.failed takes every payment.completed.
func TestAFailingEventTypeDoesNotHoldBackOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-EuPay-Event") == "payment.failed" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	id, _ := f.endpoint(s.URL)
	failed := func(n int) {
		p := payment()
		p.Reference, p.Status = fmt.Sprintf("PAY-20260617-F%015X", n), "failed"
		f.publish(f.changed("payment.failed", p))
	}
	for i := range 30 {
		failed(i)
	}
	eventually(t, "all failed once", func() bool { return f.attempted() == 30 })
	f.idle()
	for i := range 3 {
		f.publish(f.completed(i))
	}
	eventually(t, "three delivered while the clock stands", func() bool { return f.counts()["delivered"] == 3 })
	failed(30)
	eventually(t, "what was never tried is tried", func() bool { return f.attempted() == 34 })
	f.idle()
	h := f.read(id).GetHealth()
	if h.GetState() != "open" || len(h.GetHeldEventTypes()) != 1 || h.GetHeldEventTypes()[0] != "payment.failed" || h.GetLastError() != "status" {
		t.Errorf("health %v", h)
	}
	// The success of payment.completed lets no retry of payment.failed go but the one probe.
	f.clock.Advance(5 * time.Second)
	f.engine.Wake()
	eventually(t, "a probe", func() bool { return f.attempted() == 35 })
	f.idle()
	f.claimNothing()
	if n := f.attempted(); n != 35 {
		t.Errorf("%d attempts, want one probe more", n)
	}
}
