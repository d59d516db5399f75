package webhooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/events"
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
