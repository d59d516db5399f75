package webhooks

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
)

// TestASwitchedProtocolDoesNotKeepAWorker: after 101 the connection is no longer HTTP, and only we would close it.
func TestASwitchedProtocolDoesNotKeepAWorker(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.Timeout = 2 * time.Second
	f.start()
	s := newRawServer(t, stays("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
	f.endpoint(s.url("http"))
	f.publish(f.changed("payment.completed", payment()))
	eventually(t, "the attempt comes to an end", func() bool { return len(f.attempts()) == 1 })
	if got := f.attempts()["m_1"]; got.Error != "status" || got.Status != http.StatusSwitchingProtocols {
		t.Errorf("recorded %+v", got)
	}
}

// TestARedirectToNowhereIsARedirect: net/http's client reads Location before it asks whether to follow.
func TestARedirectToNowhereIsARedirect(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.endpoint(newRawServer(t, says("HTTP/1.1 301 Moved\r\nLocation: ://%%\r\n\r\n")).url("http"))
	f.publish(f.changed("payment.completed", payment()))
	eventually(t, "the attempt comes to an end", func() bool { return len(f.attempts()) == 1 })
	if got := f.attempts()["m_1"]; got.Error != "redirect" || got.Status != 301 {
		t.Errorf("recorded %+v", got)
	}
}

// TestAShortTimeoutDelivers: a lease of six timeouts less the spare must leave room for an attempt.
func TestAShortTimeoutDelivers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.Timeout = 500 * time.Millisecond
	f.start()
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	f.publish(f.changed("payment.completed", payment()))
	s.next(t)
}

// TestAMerchantDoesNotExhaustASharedHost: merchants on one host (a shop platform, a relay service) share its connections. One of
// them must not use them up: the other waits for a connection, and its attempt's ten seconds pass meanwhile.
func TestAMerchantDoesNotExhaustASharedHost(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.patient()
	release := make(chan struct{})
	s := newSink(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthy" {
			<-release
		}
	})
	t.Cleanup(func() { close(release) })
	for i := range 16 {
		f.endpointOf("m_2", s.URL+"/hangs/"+fmt.Sprint(i))
	}
	f.endpointOf("m_1", s.URL+"/healthy")
	for i := range 8 {
		p := payment()
		p.MerchantId, p.Reference = "m_2", fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
	}
	for range 128 {
		s.next(t)
	}
	f.publish(f.changed("payment.completed", payment()))
	if h := s.next(t); h.path != "/healthy" { // all others hang: nothing ends while this one is under way
		t.Errorf("%s came first", h.path)
	}
}

// patient starts the service with attempts that last longer than any wait of a test, so that what hangs never ends
// while the test looks on.
func (f *fixture) patient() {
	f.t.Helper()
	f.stop()
	f.cfg.Timeout = 30 * time.Second
	f.start()
}

// TestASlowSuccessKeepsItsShare: an endpoint that answers 200 after three seconds had one request at a time in the end.
func TestASlowSuccessKeepsItsShare(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const share, rounds = 8, 4
	release := make(chan struct{}, share*rounds)
	s := newSink(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	f.endpoint(s.URL)
	for i := range share * rounds {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
	}
	for range rounds {
		for range share {
			s.next(t) // all of the round before have their answer, so these are under way together
		}
		f.clock.Advance(3 * time.Second)
		for range share {
			release <- struct{}{}
		}
	}
}

// TestOneMerchantCannotTakeAllWorkers: sixteen endpoints that hang would have half of them with the 8 that each begins
// with, and all that there are with what each may earn.
func TestOneMerchantCannotTakeAllWorkers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.Workers = 256
	f.patient()
	hang, release := make(chan struct{}), make(chan struct{})
	entered := make(chan struct{}, 10_000)
	s := newSink(t, func(http.ResponseWriter, *http.Request) {
		select {
		case <-hang:
			entered <- struct{}{}
			<-release
		default:
		}
	})
	t.Cleanup(func() { close(release) })
	for i := range 16 {
		f.endpointOf("m_2", s.URL+"/"+strconv.Itoa(i))
	}
	healthy := newSink(t, status(http.StatusOK))
	f.endpointOf("m_1", healthy.URL)
	send := func(from, to int) {
		for i := from; i < to; i++ {
			p := payment()
			p.MerchantId, p.Reference = "m_2", fmt.Sprintf("PAY-20260617-%016X", i)
			f.publish(f.changed("payment.completed", p))
		}
	}
	send(0, 60)
	eventually(t, "all delivered", func() bool { return f.delivered() == 16*60 })
	close(hang)
	send(60, 100)
	quarter := f.cfg.Workers / 4
	for range quarter {
		<-entered
	}
	f.publish(f.changed("payment.completed", payment()))
	healthy.next(t)
	if more := len(entered); more > 0 {
		t.Errorf("one merchant has %d workers, want at most %d", quarter+more, quarter)
	}
}

// TestChangesStayInOrderWhenTheIntakeDies: the first change had been handed to a process that died before it recorded
// it. The broker waits 30 s before it hands it out again, and the next process gets the second change at once.
func TestChangesStayInOrderWhenTheIntakeDies(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	eventually(t, "the durable is there", func() bool {
		_, err := f.bus.JS.Consumer(t.Context(), bus.Events, "webhooks")
		return err == nil
	})
	f.stop()
	first, second := payment(), payment()
	second.Sequence++
	f.publish(f.changed("payment.completed", first), f.changed("payment.refunded", second))
	c, err := f.bus.JS.Consumer(t.Context(), bus.Events, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Fetch(1, jetstream.FetchMaxWait(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() { // the dead process had it
	}
	f.start()
	if h := s.next(t); h.header.Get("X-EuPay-Event") != "payment.completed" {
		t.Errorf("%s came first", h.header.Get("X-EuPay-Event"))
	}
}

// TestAStopLeavesNoLease: a claim that the stop breaks off may be committed all the same. Nobody attempts what it leased
// until the lease ends, a minute later.
func TestAStopLeavesNoLease(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusServiceUnavailable))
	f.endpoint(s.URL)
	db, err := pgx.Connect(t.Context(), f.cfg.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for i := range 100 {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
	}
	for range 20 {
		if _, err := f.core.Pool.Exec(t.Context(), `update deliveries set attempt_count = 0 where lease_owner is null`); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(5 * time.Second)
		f.engine.Wake()
		f.stop()
		var left int
		if err := db.QueryRow(t.Context(), `select count(*) from webhooks.deliveries where lease_owner is not null`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left > 0 {
			t.Fatalf("%d leases are left", left)
		}
		f.start()
	}
}
