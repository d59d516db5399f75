package webhooks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
)

// The benchmarks run on a PostgreSQL of their own that writes every commit to the disk (fsync and synchronous_commit
// are on), with a real broker and real HTTP. Broker, database, service and the merchants' servers share the machine.

const benchMerchants = 20

// benchSink counts webhooks and notes when each of the payments from base arrived.
type benchSink struct {
	*httptest.Server
	// prefix is what the names of its metrics begin with.
	prefix  string
	base    uint64
	got     atomic.Int64
	arrived []atomic.Int64 // Unix nanoseconds
}

var referenceKey = []byte(`"reference":"PAY-20260617-`)

// newBenchSink is a merchants' server for the first b.N payments that answers at once.
func newBenchSink(b *testing.B) *benchSink {
	b.Helper()
	return newSlowSink(b, "", 0, b.N, 0)
}

// newSlowSink answers 200 after delay.
func newSlowSink(b *testing.B, prefix string, base uint64, n int, delay time.Duration) *benchSink {
	b.Helper()
	s := &benchSink{prefix: prefix, base: base, arrived: make([]atomic.Int64, n)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, rest, found := bytes.Cut(body, referenceKey)
		if err != nil || !found {
			return
		}
		i, err := strconv.ParseUint(string(rest[:16]), 16, 64)
		if i -= base; err == nil && i < uint64(len(s.arrived)) && s.arrived[i].CompareAndSwap(0, time.Now().UnixNano()) {
			s.got.Add(1)
		}
		if delay > 0 {
			select {
			case <-r.Context().Done():
			case <-time.After(delay):
			}
		}
	}))
	b.Cleanup(s.Close)
	return s
}

// await waits for the last webhook as long as any arrive.
func (s *benchSink) await(b *testing.B) {
	b.Helper()
	for before, all := s.got.Load(), int64(len(s.arrived)); before < all; before = s.got.Load() {
		eventually(b, "a further webhook", func() bool { return s.got.Load() > before })
	}
}

// durableDatabase is a new PostgreSQL that survives a power cut.
func durableDatabase(b *testing.B) string {
	b.Helper()
	dir, err := pgserver.TempDir("eupay-webhooks-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	bin, err := pgserver.Find(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	server, err := pgserver.Start(b.Context(), pgserver.Options{Dir: dir, Bin: bin})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	return server.URL
}

func benchFixture(b *testing.B) *fixture {
	b.Helper()
	broker := natstest.New(b)
	f := &fixture{t: b, bus: broker, clock: newClock(), cfg: config(b, durableDatabase(b), broker.NC.ConnectedUrl())}
	f.cfg.DatabaseConns = 16
	f.realTime = true
	f.start()
	for _, setting := range []string{"fsync", "synchronous_commit"} {
		var value string
		if err := f.core.Pool.QueryRow(b.Context(), `select current_setting($1)`, setting).Scan(&value); err != nil || value != "on" {
			b.Fatalf("%s is %q, %v: the figures would not be honest", setting, value, err)
		}
	}
	return f
}

func benchPayment(merchant, n int) (reference, merchantID string) {
	return fmt.Sprintf("PAY-20260617-%016X", n), fmt.Sprintf("m_%d", merchant)
}

func (f *fixture) benchEvent(merchant, n int) events.Event {
	p := payment()
	p.Reference, p.MerchantId = benchPayment(merchant, n)
	return f.changed("payment.completed", p)
}

func (f *fixture) publishAsync(b *testing.B, e events.Event) {
	b.Helper()
	if _, err := f.bus.JS.PublishMsgAsync(e.Message(e.Subject()), jetstream.WithStallWait(30*time.Second)); err != nil {
		b.Fatal(err)
	}
}

// merchants adds an endpoint for each.
func (f *fixture) merchants(url string) {
	for m := range benchMerchants {
		f.endpointOf(fmt.Sprintf("m_%d", m), url)
	}
}

// BenchmarkThroughput publishes events as fast as the broker takes them and reports the rate until the last is
// delivered: events/s. Beside it stands what the same machine can do at most, measured in the same run: signed POSTs of
// the same client to the same server with nothing around them, and commits of one delivery with its attempt each.
func BenchmarkThroughput(b *testing.B) {
	f := benchFixture(b)
	s := newBenchSink(b)
	f.merchants(s.URL)
	list := make([]events.Event, b.N)
	for i := range list {
		list[i] = f.benchEvent(i%benchMerchants, i)
	}
	b.ResetTimer()
	begin := time.Now()
	for _, e := range list {
		f.publishAsync(b, e)
	}
	s.await(b)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "events/s")
	f.stop()
	b.ReportMetric(postLimit(b, s.URL), "POSTs/s")
	b.ReportMetric(commitLimit(b, f.cfg.DatabaseURL), "commits/s")
}

// together calls do n times on so many goroutines and returns how often a second.
func together(b *testing.B, goroutines, n int, do func(i int) error) float64 {
	b.Helper()
	var (
		next    atomic.Int64
		running sync.WaitGroup
	)
	begin := time.Now()
	for range goroutines {
		running.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := do(int(i)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
	return float64(n) / time.Since(begin).Seconds()
}

var benchBody = []byte(`{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","sequence":3,"data":{"reference":"PAY-20260617-FFFFFFFFFFFFFFFF",` +
	`"amount":29.99,"currency":"EUR","status":"completed","merchant_reference":"ORDER-1042"}}`)

func postLimit(b *testing.B, url string) float64 {
	b.Helper()
	client := egress.NewClient(egress.NewGuard(true), 10*time.Second, nil)
	defer client.Close()
	secrets := []string{"whsec_" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
	return together(b, 64, 20_000, func(int) error {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(benchBody))
		if err != nil {
			return err
		}
		if req.Header, err = delivery.Headers(events.NewID(), "payment.completed", benchBody, secrets, time.Now()); err != nil {
			return err
		}
		if a := client.Send(b.Context(), req); a.Error != "" {
			return fmt.Errorf("POST: %s", a.Error)
		}
		return nil
	})
}

func commitLimit(b *testing.B, databaseURL string) float64 {
	b.Helper()
	pool, err := pg.Open(b.Context(), pg.Settings{URL: databaseURL, Schema: "webhooks", MaxConns: 16})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	return together(b, 16, 5_000, func(i int) error { return commitOne(b.Context(), pool, i) })
}

func commitOne(ctx context.Context, pool *pgxpool.Pool, i int) error {
	reference, merchant := benchPayment(i%benchMerchants, i)
	_, err := pool.Exec(ctx, `with d as (
			insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status,
				attempt_count, created_at, next_attempt_at, claimable_at, finished_at)
			values ($1, $2, $3, false, $4, 'payment.completed', $5, 3, $6, 'delivered', 1, now(), now(), now(), now()) returning id, endpoint_id
		)
		insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_headers, response_body, error)
		select id, endpoint_id, 1, now(), 1000, 200, E'Content-Length: 0\nDate: Wed, 17 Jun 2026 12:25:30 GMT\n', '', '' from d`,
		events.NewID(), events.NewID(), merchant, events.NewID(), reference, benchBody)
	if err != nil {
		return fmt.Errorf("commit a row: %w", err)
	}
	return nil
}

// BenchmarkLatency publishes at a fixed rate and reports how long webhooks take from publish to arrival. The time of an
// event counts from when it was meant to be published, so that a publisher that was held up hides nothing.
func BenchmarkLatency(b *testing.B) {
	for _, rate := range []int{500, 2000} {
		b.Run(fmt.Sprintf("%dps", rate), func(b *testing.B) {
			f := benchFixture(b)
			s := newBenchSink(b)
			f.merchants(s.URL)
			s.report(b, f.paced(b, s, rate, func(i int) events.Event { return f.benchEvent(i%benchMerchants, i) }))
		})
	}
}

// BenchmarkIsolation publishes 500 events for an endpoint that never answers, and then 200 a second for another
// merchant, whose are measured as in BenchmarkLatency.
func BenchmarkIsolation(b *testing.B) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil { // else the server does not see the client give up
			<-r.Context().Done()
		}
	}))
	b.Cleanup(hanging.Close) // after the service has given up, which is registered later
	f := benchFixture(b)
	s := newBenchSink(b)
	f.endpointOf("m_0", hanging.URL)
	f.endpointOf("m_1", s.URL)
	for i := range 500 {
		f.publishAsync(b, f.benchEvent(0, i+1<<32))
	}
	s.report(b, f.paced(b, s, 200, func(i int) events.Event { return f.benchEvent(1, i) }))
}

// BenchmarkSlowNeighbours publishes 100 events a minute for each of 64 merchants whose servers answer 200 after 3 s, the same for
// four whose servers take 9.9 s, and meanwhile 200 a second for another merchant, whose are measured as in BenchmarkLatency, after the
// same without the others (alone-). It begins with a service that knows no endpoint. slow-p99-ms is how long those for the 64 merchants took from publish to arrival: it grows with
// the length of the run if they do not keep up.
func BenchmarkSlowNeighbours(b *testing.B) {
	const (
		merchants, tarpits = 64, 4
		perMinute, rate    = 100, 200
		base               = 1 << 32
	)
	f := benchFixture(b)
	s := newBenchSink(b)
	f.endpointOf("m_0", s.URL)
	alone := newSlowSink(b, "alone-", 3*base, b.N, 0)
	f.endpointOf("m_100", alone.URL)
	meantAlone := f.paced(b, alone, rate, func(i int) events.Event { return f.benchEvent(100, 3*base+i) })
	n := max(b.N/rate*perMinute/60, 1) // for each of them, as long as the run lasts
	slow := newSlowSink(b, "slow-", base, n*merchants, 3*time.Second)
	tar := newSlowSink(b, "tarpit-", 2*base, n*tarpits, 9900*time.Millisecond)
	for m := range merchants + tarpits {
		url := slow.URL
		if m >= merchants {
			url = tar.URL
		}
		f.endpointOf(fmt.Sprintf("m_%d", m+1), url)
	}
	meant := make([]time.Time, n*merchants)
	var publishing sync.WaitGroup
	publishing.Go(func() {
		begin := time.Now()
		for i := range n * (merchants + tarpits) {
			round, m := i/(merchants+tarpits), i%(merchants+tarpits)
			at := begin.Add(time.Duration(i) * time.Minute / (perMinute * (merchants + tarpits)))
			time.Sleep(time.Until(at))
			if m < merchants {
				meant[round*merchants+m] = at
				f.publishAsync(b, f.benchEvent(m+1, base+round*merchants+m))
			} else {
				f.publishAsync(b, f.benchEvent(m+1, 2*base+round*tarpits+m-merchants))
			}
		}
	})
	s.report(b, f.paced(b, s, rate, func(i int) events.Event { return f.benchEvent(0, i) }))
	alone.report(b, meantAlone)
	publishing.Wait()
	slow.await(b)
	slow.report(b, meant)
}

// paced publishes b.N events, waits for their webhooks, and returns when each was meant to be published.
func (f *fixture) paced(b *testing.B, s *benchSink, rate int, event func(i int) events.Event) (meant []time.Time) {
	b.Helper()
	meant = make([]time.Time, b.N)
	timer := time.NewTimer(0)
	defer timer.Stop()
	b.ResetTimer()
	begin := time.Now()
	for i := range b.N {
		meant[i] = begin.Add(time.Duration(i) * time.Second / time.Duration(rate))
		timer.Reset(time.Until(meant[i]))
		<-timer.C
		f.publishAsync(b, event(i))
	}
	s.await(b)
	b.StopTimer()
	return meant
}

// report reports how long after they were meant to be published the webhooks arrived.
func (s *benchSink) report(b *testing.B, meant []time.Time) {
	b.Helper()
	took := make([]time.Duration, len(meant))
	for i := range took {
		took[i] = time.Unix(0, s.arrived[i].Load()).Sub(meant[i])
	}
	slices.Sort(took)
	for name, share := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(took[len(took)*share/100].Microseconds())/1000, s.prefix+name)
	}
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, s.prefix+"max-ms")
}
