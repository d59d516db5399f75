package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// step sends the n-th request of a load.
type step func(c *conn, n int64) error

// result of a load. Requests in the first fifth do not count, because connections are opened then.
type result struct {
	counted   time.Duration
	latencies []time.Duration // ascending, of the successful requests
	failures  int
	failure   error // any one of them
	cpu       shares
	// repeated says that the load before it was disturbed more.
	repeated bool
}

func (r *result) rate() float64 { return float64(len(r.latencies)) / r.counted.Seconds() }

// at returns the latency that a share q of all requests did not exceed.
func (r *result) at(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(q*float64(len(r.latencies))), len(r.latencies)-1)]
}

// each returns the processor time of one request, of that many cores in use.
func (r *result) each(cores float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return time.Duration(cores / r.rate() * float64(time.Second))
}

// undisturbed repeats a load once if other programs were busy meanwhile, and returns the run with less of that.
func undisturbed(run func() *result) *result {
	first := run()
	if !first.cpu.disturbed() || first.failure != nil {
		return first
	}
	second := run()
	if second.failure == nil && second.cpu.others() > first.cpu.others() {
		second = first
	}
	second.repeated = true
	return second
}

func (r *result) sort() { slices.Sort(r.latencies) }

func (r *result) add(took time.Duration, err error) {
	if err != nil {
		r.failures, r.failure = r.failures+1, err
		return
	}
	r.latencies = append(r.latencies, took)
}

// load is what both kinds of load share.
type load struct {
	host string
	// also are other hosts, among which the connections of a closed loop are divided.
	also     []string
	pid      int // whose CPU time is counted
	duration time.Duration
	do       step
}

// closed keeps a number of connections busy: each sends its next request when it has the answer to the previous one.
func (l load) closed(ctx context.Context, connections int) *result {
	var (
		workers sync.WaitGroup
		count   atomic.Int64
		parts   = make([]result, connections)
		begin   = time.Now()
		from    = begin.Add(l.duration / 5)
		until   = begin.Add(l.duration)
	)
	for i := range parts {
		workers.Go(func() {
			c := &conn{host: append([]string{l.host}, l.also...)[i%(1+len(l.also))]}
			defer c.close()
			for ctx.Err() == nil {
				sent := time.Now()
				if !sent.Before(until) {
					return
				}
				err := l.do(c, count.Add(1))
				if !sent.Before(from) {
					parts[i].add(time.Since(sent), err)
				}
			}
		})
	}
	before := usageAt(ctx, l.pid, from)
	workers.Wait()
	all := &result{counted: time.Since(from), cpu: usageOf(l.pid).since(before)}
	for i := range parts {
		all.latencies = append(all.latencies, parts[i].latencies...)
		all.failures += parts[i].failures
		if parts[i].failure != nil {
			all.failure = parts[i].failure
		}
	}
	all.sort()
	return all
}

// maxOpen is the maximum number of requests in flight in an open loop. Beyond it they wait, which their latency includes.
const maxOpen = 4096

// open sends requests at a fixed rate, however long the answers take. The latency counts from when a request was due, so a
// stalled server cannot hide the requests that had to wait for it.
func (l load) open(ctx context.Context, perSecond float64) *result {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		idle    []*conn
		all     = &result{}
		slots   = make(chan struct{}, maxOpen)
		begin   = time.Now()
		from    = begin.Add(l.duration / 5)
		total   = int64(perSecond * l.duration.Seconds())
		before  usage
	)
	for n := range total {
		due := begin.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))
		if !reach(ctx, due) {
			break
		}
		if before.at.IsZero() && !due.Before(from) {
			before = usageOf(l.pid)
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			c := &conn{host: l.host}
			mu.Lock()
			if last := len(idle) - 1; last >= 0 {
				c, idle = idle[last], idle[:last]
			}
			mu.Unlock()
			err := l.do(c, n+1)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			idle = append(idle, c)
			if !due.Before(from) {
				all.add(took, err)
			}
		})
	}
	all.cpu = usageOf(l.pid).since(before)
	running.Wait()
	all.counted = time.Since(from)
	if rest := begin.Add(l.duration).Sub(from); len(all.latencies) > 0 && all.at(1) < time.Second {
		all.counted = rest
	}
	for _, c := range idle {
		c.close()
	}
	all.sort()
	return all
}

// reach waits for the time and reports whether ctx is still active.
func reach(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}
