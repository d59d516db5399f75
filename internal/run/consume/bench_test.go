package consume

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/processor"
	"european-pay.eu/eupay/internal/run/events"
)

// BenchmarkLanes compares one replica with two that have a lane each. The handler waits a millisecond for each event, as for a database
// on another machine: the cores of this one are not what limits. It reports events per second, and how many times more two do.
func BenchmarkLanes(b *testing.B) {
	const n = 6000
	var one, two time.Duration
	for b.Loop() {
		took, _ := consumeAll(b, n, 1, 1, time.Millisecond)
		one += took
		took, _ = consumeAll(b, n, 2, 2, time.Millisecond)
		two += took
	}
	b.ReportMetric(float64(b.N)*n/one.Seconds(), "events/s-of-one")
	b.ReportMetric(float64(b.N)*n/two.Seconds(), "events/s-of-two")
	b.ReportMetric(one.Seconds()/two.Seconds(), "times")
}

// BenchmarkCostOfLanes consumes on one replica with a handler that inserts one row for each event. It reports the processor time of one
// event, the broker's and the database's included, with one lane and with four.
func BenchmarkCostOfLanes(b *testing.B) {
	const n = 20_000
	var one, four time.Duration
	for b.Loop() {
		_, used := consumeAll(b, n, 1, 1, 0)
		one += used
		_, used = consumeAll(b, n, 4, 1, 0)
		four += used
	}
	b.ReportMetric(one.Seconds()*1e6/(float64(b.N)*n), "µs-of-one")
	b.ReportMetric(four.Seconds()*1e6/(float64(b.N)*n), "µs-of-four")
}

// consumeAll lets replicas consume n events, which are all in the stream when they begin, and wait for each.
func consumeAll(b *testing.B, n, lanes, replicas int, wait time.Duration) (took, used time.Duration) {
	b.Helper()
	f := newFleet(b)
	f.cfg.Batch = 50 // so that the last batch of the slower lane does not count much
	gate, handled := make(chan struct{}), atomic.Int64{}
	f.before = func(ctx context.Context, tx pgx.Tx, batch []Event) error {
		<-gate
		handled.Add(int64(len(batch)))
		if wait == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, `select pg_sleep($1)`, float64(len(batch))*wait.Seconds())
		return err
	}
	for range replicas {
		defer f.start(lanes)()
	}
	if replicas > 1 {
		f.spread(replicas)
	}
	all := fair(lanes)
	for range n / len(all) {
		f.publishNext(all...)
	}
	<-f.bus.JS.PublishAsyncComplete()
	database := f.pool.Config().ConnConfig.Database
	began, before := time.Now(), processor.Used(database)
	close(gate)
	eventually(b, "all handled", func() bool { return handled.Load() >= int64(n) })
	eventually(b, "all applied", func() bool { return f.effectsOf(all) == n })
	took, used = time.Since(began), processor.Used(database)-before
	f.appliedOf(all...)
	return took, used
}

// fair returns a hundred merchants, as many of each lane.
func fair(lanes int) (list []string) {
	left := make([]int, lanes)
	for i := range left {
		left[i] = 100 / lanes
	}
	for _, m := range merchants(1000) {
		if lane := events.LaneOf(m, lanes); left[lane] > 0 {
			left[lane]--
			list = append(list, m)
		}
	}
	return list
}
