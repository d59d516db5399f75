package webhooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/natstest"
	"european-pay.eu/eupay/internal/pgtest"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const benchMerchants = 20

// benchSink counts webhooks and notes when each payment's arrived.
type benchSink struct {
	*httptest.Server
	got     atomic.Int64
	arrived sync.Map // reference → time.Time
}

func newBenchSink(b *testing.B) *benchSink {
	b.Helper()
	s := &benchSink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct {
			Data struct{ Reference string }
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			b.Error(err)
		}
		if _, again := s.arrived.LoadOrStore(m.Data.Reference, time.Now()); !again {
			s.got.Add(1)
		}
	}))
	b.Cleanup(s.Close)
	return s
}

// await waits for the last webhook as long as any arrive.
func (s *benchSink) await(b *testing.B) {
	b.Helper()
	for before := s.got.Load(); before < int64(b.N); before = s.got.Load() {
		eventually(b, "a further webhook", func() bool { return s.got.Load() > before })
	}
}

func benchFixture(b *testing.B) *fixture {
	b.Helper()
	bus := natstest.New(b)
	f := &fixture{t: b, bus: bus, clock: newClock(), cfg: config(pgtest.Database(b, "webhooks", migrations.Files), bus.NC.ConnectedUrl())}
	f.cfg.DatabaseConns = 16
	f.realTime = true
	f.start()
	return f
}

func (f *fixture) benchEvent(merchant, n int) events.Event {
	p := payment()
	p.MerchantId, p.Reference = fmt.Sprintf("m_%d", merchant), fmt.Sprintf("PAY-20260617-%016X", n)
	return f.changed("payment.completed", p)
}

// BenchmarkThroughput publishes events as fast as the broker takes them and reports the rate until the last is delivered.
func BenchmarkThroughput(b *testing.B) {
	f := benchFixture(b)
	s := newBenchSink(b)
	for m := range benchMerchants {
		f.endpointOf(fmt.Sprintf("m_%d", m), s.URL)
	}
	list := make([]events.Event, b.N)
	for i := range list {
		list[i] = f.benchEvent(i%benchMerchants, i)
	}
	b.ResetTimer()
	begin := time.Now()
	for _, e := range list {
		if _, err := f.bus.JS.PublishMsgAsync(e.Message(e.Subject()), jetstream.WithStallWait(30*time.Second)); err != nil {
			b.Fatal(err)
		}
	}
	s.await(b)
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "events/s")
	b.StopTimer()
}

// BenchmarkLatency publishes 500 events a second and reports how long they take from publish to arrival.
func BenchmarkLatency(b *testing.B) { latency(b, false) }

// BenchmarkLatencyBesideAHangingEndpoint does so while a merchant's server, which gets a tenth of the events, hangs.
func BenchmarkLatencyBesideAHangingEndpoint(b *testing.B) { latency(b, true) }

func latency(b *testing.B, hanging bool) {
	b.Helper()
	f := benchFixture(b)
	s := newBenchSink(b)
	for m := range benchMerchants {
		f.endpointOf(fmt.Sprintf("m_%d", m), s.URL)
	}
	if hanging {
		release := make(chan struct{})
		dead := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		b.Cleanup(dead.Close)
		b.Cleanup(func() { close(release) })
		f.endpointOf(fmt.Sprintf("m_%d", benchMerchants), dead.URL)
	}
	sent := make([]time.Time, b.N)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		if hanging && i%10 == 0 {
			e := f.benchEvent(benchMerchants, i+1<<32)
			f.publishAsync(b, e)
		}
		sent[i] = time.Now()
		f.publishAsync(b, f.benchEvent(i%benchMerchants, i))
	}
	s.await(b)
	b.StopTimer()
	took := make([]time.Duration, b.N)
	for i := range took {
		at, _ := s.arrived.Load(fmt.Sprintf("PAY-20260617-%016X", i))
		took[i] = at.(time.Time).Sub(sent[i])
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func (f *fixture) publishAsync(b *testing.B, e events.Event) {
	b.Helper()
	if _, err := f.bus.JS.PublishMsgAsync(e.Message(e.Subject())); err != nil {
		b.Fatal(err)
	}
}
