package webhooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// switched is a merchant's server whose answers the test changes.
type switched struct {
	*sink
	code atomic.Int32
	// retryAfter is sent when it is not empty.
	retryAfter atomic.Value
}

func newSwitched(t *testing.T, code int32) *switched {
	t.Helper()
	s := &switched{}
	s.code.Store(code)
	s.retryAfter.Store("")
	s.sink = newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		if after := s.retryAfter.Load().(string); after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(int(s.code.Load()))
	})
	return s
}

// completed announces the nth payment.
func (f *fixture) completed(n int) events.Event {
	p := payment()
	p.Reference = fmt.Sprintf("PAY-20260617-%016X", n)
	return f.changed("payment.completed", p)
}

// counts are the deliveries of m_1 by status.
func (f *fixture) counts() map[string]int {
	got := make(map[string]int)
	for _, d := range f.deliveries() {
		got[d.GetStatus()]++
	}
	return got
}

// attempted is the number of attempts that are recorded for all deliveries of m_1.
func (f *fixture) attempted() int {
	n := 0
	for _, d := range f.deliveries() {
		n += int(d.GetAttemptCount())
	}
	return n
}

// idle waits until nothing is in memory and nothing is leased.
func (f *fixture) idle() {
	f.t.Helper()
	eventually(f.t, "nothing under way", func() bool {
		var leased int
		err := f.core.Pool.QueryRow(f.t.Context(), `select count(*) from deliveries where lease_owner is not null`).Scan(&leased)
		held, running := f.engine.Held()
		return err == nil && leased+held+running == 0
	})
}

func (f *fixture) claimNothing() {
	f.t.Helper()
	if n, err := f.engine.ClaimNow(f.t.Context()); n != 0 || err != nil {
		f.t.Fatalf("%d deliveries due, %v", n, err)
	}
}

func TestTheBreakerHoldsBackRetriesToADeadEndpoint(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusInternalServerError)
	f.endpoint(s.URL)
	const n = 40
	for i := range n {
		f.publish(f.completed(i))
	}
	eventually(t, "all recorded", func() bool { return len(f.deliveries()) == n })
	eventually(t, "each is tried at once, the breaker open or not", func() bool { return f.attempted() == n })
	f.idle()
	made := n
	f.clock.Advance(5*time.Second - time.Microsecond)
	f.claimNothing()
	for i, pause := range []time.Duration{time.Microsecond, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		f.clock.Advance(pause - time.Microsecond)
		if pause > time.Microsecond {
			f.claimNothing()
		}
		f.clock.Advance(time.Microsecond)
		f.engine.Wake()
		eventually(t, "a probe", func() bool { return f.attempted() == made+i+1 })
		f.idle()
		f.claimNothing()
	}
	s.code.Store(http.StatusOK)
	f.clock.Advance(time.Minute)
	f.engine.Wake()
	eventually(t, "the probe lets all others go", func() bool { return f.counts()["delivered"] > n/2 })
	f.clock.Advance(time.Hour) // those that were tried before the breaker opened have their own times
	f.engine.Wake()
	eventually(t, "all delivered", func() bool { return f.counts()["delivered"] == n })
}

func TestOneDeliveryAloneDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	cfg := config(t, "", "")
	if cfg.BreakerFailures <= len(cfg.Schedule) {
		t.Error("the schedule of one delivery would be stretched")
	}
	cfg.BreakerFailures = len(cfg.Schedule)
	if cfg.Validate() == nil {
		t.Error("such settings are accepted")
	}
}

func TestAnEndpointGetsThePauseItAsksFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   int32
		header string
		wait   time.Duration
	}{
		"429 in seconds":           {http.StatusTooManyRequests, "120", 2 * time.Minute},
		"503 with a date":          {http.StatusServiceUnavailable, "Wed, 17 Jun 2026 12:26:30 GMT", time.Minute},
		"no more than an hour":     {http.StatusTooManyRequests, "864000", time.Hour},
		"never earlier than usual": {http.StatusTooManyRequests, "1", 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			s := newSwitched(t, c.code)
			s.retryAfter.Store(c.header)
			f.endpoint(s.URL)
			f.publish(f.completed(1))
			s.next(t)
			d := f.settled("pending", 1)
			if due := f.clock.Now().Add(c.wait); !d.GetNextAttemptAt().AsTime().Equal(due) {
				t.Fatalf("next attempt at %v, want %v", d.GetNextAttemptAt().AsTime(), due)
			}
			if c.wait == 5*time.Second {
				return
			}
			// Another payment's event waits too, although it would be accepted.
			s.code.Store(http.StatusOK)
			f.publish(f.completed(2))
			eventually(t, "recorded", func() bool { return len(f.deliveries()) == 2 })
			f.idle()
			f.clock.Advance(c.wait - time.Microsecond)
			f.claimNothing()
			if n := f.attempted(); n != 1 {
				t.Fatalf("%d attempts within the time that it asked for, want 1", n)
			}
			f.clock.Advance(time.Microsecond)
			f.engine.Wake()
			eventually(t, "both delivered", func() bool { return f.counts()["delivered"] == 2 })
		})
	}
}

func TestARetryAfterOfOtherStatusesIsIgnored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusInternalServerError)
	s.retryAfter.Store("120")
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	if d := f.settled("pending", 1); !d.GetNextAttemptAt().AsTime().Equal(f.clock.Now().Add(5 * time.Second)) {
		t.Errorf("next attempt at %v", d.GetNextAttemptAt().AsTime())
	}
}

// disabledEvent returns the event that the watching endpoint receives.
func disabledEvent(t *testing.T, h hit) (id, reason string) {
	t.Helper()
	var body struct {
		Event    string
		Sequence int64
		Data     struct {
			EndpointID string `json:"endpoint_id"`
			Reason     string
		}
	}
	if err := json.Unmarshal(h.body, &body); err != nil || body.Event != "webhook_endpoint.disabled" || body.Sequence != 1 {
		t.Fatalf("heard %s, %v", h.body, err)
	}
	return body.Data.EndpointID, body.Data.Reason
}

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

func TestAReopenedDeliveryRunsTheWholeScheduleAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusInternalServerError)
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	for i := range 5 {
		s.next(t)
		f.idle()
		f.clock.Advance(f.cfg.Schedule[min(i+1, 4)])
		f.engine.Wake()
	}
	d := f.settled("exhausted", 5)
	if n, err := f.engine.Reopen(t.Context(), []string{d.GetId()}); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	s.next(t)
	d = f.settled("pending", 6)
	if due := f.clock.Now().Add(5 * time.Second); !d.GetNextAttemptAt().AsTime().Equal(due) || d.GetAttempts()[5].GetNumber() != 6 {
		t.Errorf("after the resend: %v", d)
	}
	if err := f.engine.DeliverNow(t.Context(), d.GetId()); err != nil {
		t.Fatal(err)
	}
	s.next(t)
	if n, err := f.engine.Reopen(t.Context(), []string{f.settled("pending", 7).GetId()}); n != 0 || err != nil {
		t.Errorf("an open delivery was opened again: %d, %v", n, err)
	}
}

func TestAnOperatorsRedeliveryComesUnderTheSameID(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusOK)
	f.endpoint(s.URL)
	e := f.changed("payment.completed", payment())
	f.publish(e)
	first := s.next(t)
	f.settled("delivered", 1)
	for i := range 2 {
		replay := e.Message("eupay.replay.webhooks.test.payment.completed.m_1")
		replay.Header.Set("Nats-Msg-Id", fmt.Sprintf("replay %d", i))
		replay.Header.Set(consume.HeaderRedeliver, "true")
		if _, err := f.bus.JS.PublishMsg(t.Context(), replay); err != nil {
			t.Fatal(err)
		}
		again := s.next(t)
		if again.header.Get("webhook-id") != first.header.Get("webhook-id") || string(again.body) != string(first.body) {
			t.Errorf("sent again as %v %s", again.header, again.body)
		}
		f.settled("delivered", int32(i+2))
	}
	eventually(t, "the replays are done", func() bool {
		stream, err := f.bus.JS.Stream(t.Context(), bus.Replay)
		if err != nil {
			return false
		}
		info, err := stream.Info(t.Context())
		return err == nil && info.State.Msgs == 0
	})
	if len(s.hits) != 0 {
		t.Error("sent more often than asked for")
	}
}

func TestATestEventIsSentOnceWhateverTheHealth(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusGone)
	id, secret := f.endpoint(s.URL)
	f.publish(f.completed(1)) // disables it
	eventually(t, "disabled", func() bool {
		resp, err := f.api.GetEndpoint(t.Context(), &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id})
		return err == nil && !resp.GetEndpoint().GetEnabled()
	})
	s.next(t)
	for _, code := range []int32{http.StatusGone, http.StatusOK} {
		s.code.Store(code)
		if _, err := f.engine.Test(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		h := s.next(t)
		if h.header.Get("X-EuPay-Event") != "webhook_endpoint.test" || standard(h, secret, f.clock.Now()) != nil {
			t.Errorf("test event: %v %s", h.header, h.body)
		}
	}
	eventually(t, "one failed, one delivered", func() bool { c := f.counts(); return c["exhausted"] == 2 && c["delivered"] == 1 })
	f.isDisabled(id, "gone")
	if _, err := f.engine.Test(t.Context(), events.NewID()); err == nil {
		t.Error("a test of an unknown endpoint is accepted")
	}
}

func TestOldDeliveriesAreDeleted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusOK)
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	f.settled("delivered", 1)
	if n, err := f.engine.PurgeNow(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	f.clock.Advance(50 * 365 * 24 * time.Hour)
	if n, err := f.engine.PurgeNow(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	var left int
	err := f.core.Pool.QueryRow(t.Context(), `select (select count(*) from attempts) + (select count(*) from inbox) + (select count(*) from deliveries)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows left, %v", left, err)
	}
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

// TestAHangingTypeDoesNotDelayOthers: what waits behind the hanging ones moves out of the way of the others once their
// breaker is open.
func TestAHangingTypeDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.Timeout, f.cfg.BreakerFailures = 300*time.Millisecond, 6
	f.start()
	release := make(chan struct{})
	s := newSink(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-EuPay-Event") == "payment.failed" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	})
	t.Cleanup(func() { close(release) })
	f.endpoint(s.URL)
	for i := range 60 {
		p := payment()
		p.Reference, p.Status = fmt.Sprintf("PAY-20260617-F%015X", i), "failed"
		f.publish(f.changed("payment.failed", p))
	}
	f.publish(f.completed(1))
	eventually(t, "the other type is delivered", func() bool { return f.counts()["delivered"] == 1 })
	if n := f.attempted(); n >= 50 {
		t.Errorf("only after %d attempts of the type that hangs", n)
	}
}
