package consume

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/processor"
)

// BenchmarkLanes compares one replica with two that have a lane each. The handler waits two milliseconds for each event, as for a database
// on another machine: the cores of this one are not what limits. It reports events per second, how many times more two do, and the
// processor time of one event, the broker's and the database's included.
func BenchmarkLanes(b *testing.B) {
	const n = 3000
	var one, two, usedOne, usedTwo time.Duration
	for b.Loop() {
		took, used := consumeAll(b, n, 1)
		one, usedOne = one+took, usedOne+used
		took, used = consumeAll(b, n, 2)
		two, usedTwo = two+took, usedTwo+used
	}
	events := float64(b.N) * n
	b.ReportMetric(events/one.Seconds(), "events/s-of-one")
	b.ReportMetric(events/two.Seconds(), "events/s-of-two")
	b.ReportMetric(one.Seconds()/two.Seconds(), "times")
	b.ReportMetric(usedOne.Seconds()*1e6/events, "µs-of-one")
	b.ReportMetric(usedTwo.Seconds()*1e6/events, "µs-of-two")
}

// consumeAll lets as many replicas as there are lanes consume n events, which are all in the stream when they begin.
func consumeAll(b *testing.B, n, lanes int) (took, used time.Duration) {
	b.Helper()
	f := newFleet(b)
	gate := make(chan struct{})
	f.before = func(ctx context.Context, tx pgx.Tx, batch []Event) error {
		<-gate
		_, err := tx.Exec(ctx, `select pg_sleep($1)`, float64(len(batch))/500)
		return err
	}
	var stops []func()
	for range lanes {
		stops = append(stops, f.start(lanes))
	}
	if lanes > 1 {
		f.spread(lanes)
	}
	all := merchants(100)
	for range n / len(all) {
		f.publishNext(all...)
	}
	<-f.bus.JS.PublishAsyncComplete()
	database := f.pool.Config().ConnConfig.Database
	began, before := time.Now(), processor.Used(database)
	close(gate)
	eventually(b, "all applied", func() bool { return f.effectsOf(all) == n })
	took, used = time.Since(began), processor.Used(database)-before
	f.appliedOf(all...)
	for _, stop := range stops {
		stop()
	}
	return took, used
}
