package push

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/consume"
)

func TestTheSubscriptionOfAGoneBrowserIsDeleted(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusNotFound, http.StatusGone} {
		f := setup(t)
		b := newBrowser(t)
		b.answers(status(code))
		f.subscribe("m_1", "u_1", b)
		f.publish(f.event("payment.completed", payment()))
		b.next(t)
		eventually(t, "the subscription is gone", func() bool { return len(f.subscriptions("m_1", "u_1")) == 0 })
		if n := f.messages(); n != 0 {
			t.Errorf("%d messages are left", n)
		}
	}
}

func TestARefusedMessageIsDropped(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge} {
		f := setup(t)
		b := newBrowser(t)
		b.answers(status(code))
		f.subscribe("m_1", "u_1", b)
		f.publish(f.event("payment.completed", payment()))
		b.next(t)
		f.drained()
		if s := f.subscriptions("m_1", "u_1"); len(s) != 1 || s[0].GetLastDeliveredAt() != nil {
			t.Errorf("%d: %v", code, s)
		}
		f.stop()
		if strings.Contains(f.logs.String(), "secret-capability") {
			t.Errorf("the log shows the URL: %s", f.logs)
		}
	}
}

// due is when the only message may be taken next.
func (f *fixture) due() time.Time {
	f.t.Helper()
	var at time.Time
	if err := f.pool.QueryRow(context.Background(), `select claimable_at from push_messages`).Scan(&at); err != nil {
		f.t.Fatal(err)
	}
	return at.UTC()
}

// putOffUntil waits until the message is due again at that time.
func (f *fixture) putOffUntil(at time.Time) {
	f.t.Helper()
	eventually(f.t, "put off until "+at.Format(time.TimeOnly), func() bool { return f.due().Equal(at) })
}

func TestFailuresAreRetriedWithGrowingDelays(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	b.answers(status(http.StatusInternalServerError))
	f.subscribe("m_1", "u_1", b)
	f.publish(f.event("payment.completed", payment()))
	b.next(t)
	for _, wait := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute} {
		f.putOffUntil(f.clock.Now().Add(wait))
		f.clock.Advance(wait)
		f.Wake()
		b.next(t)
	}
	f.drained()
	b.silent(t)
}

func TestRetryAfterIsRespected(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(time.Time) string{
		"seconds": func(time.Time) string { return "120" },
		"date":    func(now time.Time) string { return now.Add(2 * time.Minute).Format(http.TimeFormat) },
	} {
		f := setup(t)
		b := newBrowser(t)
		b.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header(f.clock.Now()))
			w.WriteHeader(http.StatusTooManyRequests)
		})
		f.subscribe("m_1", "u_1", b)
		f.publish(f.event("payment.completed", payment()))
		b.next(t)
		f.putOffUntil(f.clock.Now().Add(2 * time.Minute))
		f.clock.Advance(2*time.Minute - time.Second)
		f.mustClaim(0)
		b.answers(nil)
		f.clock.Advance(time.Second)
		f.Wake()
		if h := b.next(t); h.header.Get("Ttl") != "3480" {
			t.Errorf("%s: TTL %s", name, h.header.Get("Ttl"))
		}
		f.drained()
	}
}

func TestAMessageIsNotSentAfterItsTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	b.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3000")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	f.subscribe("m_1", "u_1", b)
	f.publish(f.event("payment.completed", payment()))
	b.next(t)
	f.putOffUntil(f.clock.Now().Add(50 * time.Minute))
	f.clock.Advance(time.Hour)
	f.drained() // by the sweep
	b.silent(t)
}

func TestAWaitBeyondTheEndDropsTheMessage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	b.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	f.subscribe("m_1", "u_1", b)
	f.publish(f.event("payment.completed", payment()))
	b.next(t)
	f.drained()
}

func TestAStopCompletesMessagesInProgress(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	released := make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	t.Cleanup(release) // before the server's own
	b.answers(func(w http.ResponseWriter, _ *http.Request) {
		<-released
		w.WriteHeader(http.StatusCreated)
	})
	f.subscribe("m_1", "u_1", b)
	f.handle(consume.Event{Event: f.event("payment.completed", payment())})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- f.sender.run(ctx) }()
	b.next(t)
	stop()
	f.mustClaim(0) // time enough for a sender that does not wait
	select {
	case <-stopped:
		t.Fatal("stopped with a message under way")
	default:
	}
	release()
	if err := <-stopped; err != nil || f.messages() != 0 {
		t.Errorf("%v, %d messages are left", err, f.messages())
	}
}

func TestTheSenderIsWokenByACommit(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	f.sender.loop.Every = time.Hour // it looks when it begins, and when it is woken
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	ctx, stop := context.WithCancel(t.Context())
	consumed, sent := make(chan error, 1), make(chan error, 1)
	go func() { consumed <- f.consumer.Run(ctx) }()
	go func() { sent <- f.sender.loop.Run(ctx) }()
	for range 2 { // when the first has come, the first look is over
		f.publish(f.event("payment.completed", payment()))
		b.next(t)
	}
	stop()
	if err := errors.Join(<-consumed, <-sent); err != nil {
		t.Error(err)
	}
}

func TestAServerThatNeverAnswersDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	released := make(chan struct{})
	hanging, healthy := newBrowser(t), newBrowser(t)
	release := sync.OnceFunc(func() { close(released) })
	t.Cleanup(release) // before the servers' own
	hanging.answers(func(http.ResponseWriter, *http.Request) { <-released })
	f.subscribe("m_1", "u_1", hanging)
	f.subscribe("m_2", "u_1", healthy)
	var list []consume.Event
	for range 3 * workers {
		list = append(list, consume.Event{Event: f.event("payment.completed", payment())})
	}
	other := payment()
	other.MerchantId = "m_2"
	for range 3 * workers {
		list = append(list, consume.Event{Event: f.event("payment.completed", other)})
	}
	f.handle(list...)
	f.run()
	for range 3 * workers {
		healthy.next(t)
	}
	if n := len(hanging.hits); n > perMerchant {
		t.Errorf("%d messages under way at the hanging server", n)
	}
	hanging.answers(nil)
	release()
	f.drained()
}

// Where a name leads is decided when it is dialled: whatever stands in the table, nothing private is reached.
func TestPrivateAddressesAreNeverReached(t *testing.T) {
	t.Parallel()
	f := prepare(t, false)
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	b := newBrowser(t)
	for i, url := range []string{inside.URL, "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[::1]/"} {
		r := request("m_1", "u_1", b)
		r.Endpoint = url
		if _, err := f.Server.Subscribe(t.Context(), r); err == nil {
			t.Errorf("%s was subscribed", url)
		}
		id := f.smuggle(i, target{Endpoint: url, P256dh: b.p256dh(), Auth: b64.EncodeToString(b.auth)})
		if got := f.try(id); got != "refused_address" {
			t.Errorf("%s: %q", url, got)
		}
	}
	f.handle(consume.Event{Event: f.event("payment.completed", payment())})
	f.run()
	f.drained()
	if reached.Load() != 0 {
		t.Error("the server inside was reached")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b, elsewhere := newBrowser(t), newBrowser(t)
	b.answers(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.endpoint(), http.StatusTemporaryRedirect)
	})
	id := f.subscribe("m_1", "u_1", b).GetId()
	f.publish(f.event("payment.completed", payment()))
	b.next(t)
	f.drained()
	if got := f.try(id); got != "status" {
		t.Errorf("the test says %q", got)
	}
	elsewhere.silent(t)
}
