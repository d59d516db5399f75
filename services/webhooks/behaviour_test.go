package webhooks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func TestEndpointsReceiveTheTypesTheySubscribeTo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	for path, types := range map[string][]string{
		"/default": nil, "/failed": {"payment.failed"}, "/cancelled": {"payment.cancelled"}, "/both": {"payment.failed", "payment.cancelled"},
		"/all": {"*"}, "/created": {"payment.created"}, "/refunds": {"refund.completed"},
	} {
		f.endpoint(s.URL+path, types...)
	}
	f.endpointOf("m_2", s.URL+"/stranger", "*")
	p := payment()
	p.Status = "cancelled"
	f.publish(f.changed("payment.cancelled", p))
	got := map[string]string{}
	for range 5 {
		h := s.next(t)
		got[h.path] = h.header.Get("X-EuPay-Event")
		if want := fmt.Sprintf(`{"event":%q,`, got[h.path]); string(h.body[:len(want)]) != want {
			t.Errorf("%s: body %s", h.path, h.body)
		}
	}
	want := map[string]string{"/default": "payment.failed", "/failed": "payment.failed", "/cancelled": "payment.cancelled", "/both": "payment.cancelled", "/all": "payment.cancelled"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	r := payment()
	r.Reference, r.Kind, r.OriginalReference = "REF-20260617-1", "refund", p.GetReference()
	f.publish(f.changed("refund.completed", r))
	paths := []string{s.next(t).path, s.next(t).path}
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/all", "/refunds"}) {
		t.Errorf("the refund went to %v", paths)
	}
	eventually(t, "7 deliveries", func() bool { return len(f.deliveries()) == 7 })
}

func TestARepeatedEventIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	e := f.changed("payment.completed", payment())
	replay := e.Message("eupay.replay.webhooks.evt.test.payment.completed.m_1")
	f.publish(e)
	s.next(t)
	f.settled("delivered", 1)
	if _, err := f.bus.JS.PublishMsg(t.Context(), replay); err != nil {
		t.Fatal(err)
	}
	replays, err := f.bus.JS.Stream(t.Context(), bus.Replay)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay is done", func() bool {
		info, err := replays.Info(t.Context())
		return err == nil && info.State.Msgs == 0
	})
	next := payment()
	next.Reference = "PAY-20260617-0000000000000002"
	f.publish(f.changed("payment.failed", next))
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.failed" {
		t.Errorf("the event came again: %s", h.body)
	}
	if n := len(f.deliveries()); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
}

func TestANewerEventWaitsForTheOlderOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var mu sync.Mutex
	code := http.StatusInternalServerError
	s := newSink(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if slices.Contains([]byte(string(body)), 'F') && code != http.StatusOK {
			w.WriteHeader(code)
		}
	})
	f.endpoint(s.URL)
	older, newer, other := payment(), payment(), payment()
	newer.Status, newer.Sequence = "refunded", 4
	other.Reference = "PAY-20260617-000000000000AAAA"
	f.publish(f.changed("payment.completed", older))
	s.next(t)
	eventually(t, "the first attempt failed", func() bool { d := f.deliveries(); return d[0].GetAttemptCount() == 1 })
	f.publish(f.changed("payment.refunded", newer), f.changed("payment.completed", other))
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.completed" || !slices.Contains([]byte(string(h.body)), 'A') {
		t.Errorf("got %s, want the other payment", h.body)
	}
	eventually(t, "the newer waits", func() bool { return f.count("waiting") == 1 })
	mu.Lock()
	code = http.StatusOK
	mu.Unlock()
	f.clock.Advance(5 * time.Second)
	f.engine.Wake()
	for _, want := range []string{"payment.completed", "payment.refunded"} {
		if h := s.next(t); h.header.Get("X-EuPay-Event") != want {
			t.Errorf("got %s, want %s", h.header.Get("X-EuPay-Event"), want)
		}
	}
	eventually(t, "all delivered", func() bool { return f.count("delivered") == 3 })
}

func (f *fixture) count(status string) int64 {
	f.t.Helper()
	resp, err := f.api.ListDeliveries(context.Background(), &webhooksv1.ListDeliveriesRequest{MerchantId: "m_1", Status: status})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetTotal()
}

func TestAnOlderEventThatComesLateGoesFirstAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusServiceUnavailable))
	f.endpoint(s.URL)
	older, newer := payment(), payment()
	newer.Sequence = 4
	f.publish(f.changed("payment.refunded", newer))
	s.next(t)
	eventually(t, "the first attempt failed", func() bool { return f.deliveries()[0].GetAttemptCount() == 1 })
	f.publish(f.changed("payment.completed", older))
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.completed" {
		t.Errorf("got %s, want the older one at once", h.body)
	}
	eventually(t, "the newer waits", func() bool { return f.count("waiting") == 1 && f.count("pending") == 1 })
}

func TestAHangingEndpointDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	release := make(chan struct{})
	hanging := newSink(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server's own clean-up
	healthy := newSink(t, status(http.StatusOK))
	f.endpoint(hanging.URL)
	f.endpointOf("m_2", healthy.URL)
	const n = 1500
	for i := range n {
		p, q := payment(), payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		q.Reference, q.MerchantId = p.Reference, "m_2"
		f.publish(f.changed("payment.completed", p), f.changed("payment.completed", q))
	}
	for range n {
		healthy.next(t)
	}
	if got := len(hanging.hits); got == 0 || got > 32 {
		t.Errorf("%d attempts at the hanging endpoint at one time", got)
	}
	if held, _ := f.engine.Held(); held > 200 {
		t.Errorf("%d deliveries of the hanging endpoint are in memory", held)
	}
}

func TestTheLeaseOfADeadWorkerIsTakenOver(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	f.stop()
	f.open() // this one records an event, and dies before its first attempt
	e := f.changed("payment.completed", payment())
	err := pgx.BeginFunc(t.Context(), f.core.Pool, func(tx pgx.Tx) error {
		return f.engine.Handle(t.Context(), tx, []consume.Event{{Event: e}})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	f.start()
	f.clock.Advance(60*time.Second - time.Microsecond)
	if n, err := f.engine.ClaimNow(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d deliveries were taken within the lease, %v", n, err)
	}
	f.clock.Advance(time.Microsecond)
	f.engine.Wake()
	if h := s.next(t); h.header.Get("webhook-id") != e.ID {
		t.Errorf("got %s", h.body)
	}
	f.settled("delivered", 1)
}

func TestAStopCompletesAttemptsAndReleasesTheOtherLeases(t *testing.T) {
	t.Parallel()
	f := setup(t)
	release := make(chan struct{})
	s := newSink(t, func(http.ResponseWriter, *http.Request) { <-release })
	f.endpoint(s.URL)
	const n = 30
	for i := range n {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
	}
	for range 8 {
		s.next(t)
	}
	eventually(t, "all recorded", func() bool { return f.count("pending") == n })
	stopped := make(chan struct{})
	go func() { defer close(stopped); f.stop() }()
	eventually(t, "no attempt starts any more", f.engine.Stopping)
	close(release)
	<-stopped
	f.start()
	for range n - 8 {
		s.next(t)
	}
	eventually(t, "all delivered", func() bool { return f.count("delivered") == n })
	if extra := len(s.hits); extra != 0 {
		t.Errorf("%d deliveries were made twice", extra)
	}
}

func TestAnInvalidEventGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL, "*")
	wrongMerchant := f.changed("payment.completed", payment())
	wrongMerchant.Merchant = "m_2"
	garbage := f.changed("payment.completed", payment())
	garbage.Data = []byte("\xff\xff")
	badMetadata := payment()
	badMetadata.MetadataJson = []byte("{")
	f.publish(wrongMerchant, garbage, f.changed("payment.created", badMetadata), f.changed("payment.failed", payment()))
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.failed" {
		t.Errorf("got %s", h.body)
	}
	dead, err := f.bus.JS.Stream(t.Context(), bus.DeadLetter)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "three dead letters", func() bool {
		info, err := dead.Info(t.Context(), jetstream.WithSubjectFilter("eupay.dlq.webhooks.>"))
		return err == nil && info.State.Msgs == 3
	})
}

func TestADeletedEndpointReceivesNothingMore(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusInternalServerError))
	id, _ := f.endpoint(s.URL)
	f.publish(f.changed("payment.completed", payment()))
	s.next(t)
	f.settled("pending", 1)
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	d := f.settled("cancelled", 1)
	if len(d.GetAttempts()) != 1 || d.GetNextAttemptAt() != nil {
		t.Errorf("cancelled delivery: %v", d)
	}
	f.clock.Advance(time.Hour)
	if n, err := f.engine.ClaimNow(t.Context()); n != 0 || err != nil {
		t.Errorf("%d attempts due, %v", n, err)
	}
}

func TestEventsOfBothModesStayApart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	live := payment()
	live.Livemode = true
	f.publish(f.changed("payment.completed", live), f.changed("payment.failed", payment()))
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.failed" {
		t.Errorf("a live event reached the test endpoint: %s", h.body)
	}
}
