package outbox

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/kit/processor"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// BenchmarkRelay relays an outbox that is full, and reports events per second beside what the broker and the database do alone in
// the same run: publishes with a window of acknowledgements, and commits one after another. relay-µs and publish-µs are the processor
// time of one event, the broker's and the database's included: the cores of a quiet machine divided by it bound the rate.
func BenchmarkRelay(b *testing.B) {
	const n = 60_000
	var relaying, publishing, committing cost
	for b.Loop() {
		b.StopTimer()
		f := setup(b)
		committing.add(f, func() { f.commitAlone(1000) })
		publishing.add(f, func() { f.publishAlone(n) })
		f.fill(n)
		b.StartTimer()
		relaying.add(f, func() {
			_, stop := f.run()
			f.relayed(n)
			b.StopTimer()
			stop()
		})
		b.StartTimer()
	}
	events := float64(b.N) * n
	b.ReportMetric(events/relaying.took.Seconds(), "events/s")
	b.ReportMetric(events/publishing.took.Seconds(), "publishes/s")
	b.ReportMetric(float64(b.N)*1000/committing.took.Seconds(), "commits/s")
	b.ReportMetric(relaying.used.Seconds()*1e6/events, "relay-µs")
	b.ReportMetric(publishing.used.Seconds()*1e6/events, "publish-µs")
}

// cost is the time that work took, and the processor time that it used.
type cost struct{ took, used time.Duration }

func (c *cost) add(f *fixture, work func()) {
	database := f.pool.Config().ConnConfig.Database
	began, used := time.Now(), processor.Used(database)
	work()
	c.took += time.Since(began)
	c.used += processor.Used(database) - used
}

// fill records n events of 500 merchants in one transaction.
func (f *fixture) fill(n int) {
	f.t.Helper()
	f.exec(`insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, data)
		select gen_random_uuid(), 'payment.completed', 'payments', 'm_' || g % 500, true, now(), convert_to(repeat('x', 400), 'UTF8')
		from generate_series(1, $1) g`, n)
	f.exec(`analyze outbox`)
}

// relayed waits until n events are published and marked.
func (f *fixture) relayed(n int) {
	f.t.Helper()
	eventually(f.t, "all published", func() bool {
		var left bool
		err := f.pool.QueryRow(context.Background(), `select exists (select from outbox where published_at is null)`).Scan(&left)
		if err != nil {
			f.t.Fatal(err)
		}
		return !left
	})
	if got := f.streamSize(); got < uint64(n) {
		f.t.Fatalf("the stream has %d events, want %d", got, n)
	}
}

// publishAlone publishes n events of the same size without a database.
func (f *fixture) publishAlone(n int) {
	f.t.Helper()
	e := event()
	e.Data = make([]byte, 400)
	for i := range n {
		e.ID = events.NewID()
		e.Merchant = fmt.Sprintf("m_%d", i%500)
		if _, err := f.bus.JS.PublishMsgAsync(e.Message(e.Subject()), jetstream.WithStallWait(ackWait)); err != nil {
			f.t.Fatal(err)
		}
	}
	<-f.bus.JS.PublishAsyncComplete()
	if got := f.streamSize(); got != uint64(n) {
		f.t.Fatalf("the stream has %d events, want %d", got, n)
	}
	s, err := f.bus.JS.Stream(context.Background(), bus.Events)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := s.Purge(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// commitAlone commits n small transactions, one after another.
func (f *fixture) commitAlone(n int) {
	f.t.Helper()
	f.exec(`create table notes (note text)`)
	for range n {
		f.exec(`insert into notes values ('one durable row')`)
	}
}
