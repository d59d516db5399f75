// Package dispatch delivers webhooks: those of one lane in order, those of different lanes concurrently. It retries failed ones
// and applies the faults that concern them.
package dispatch

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// Settings of a Dispatcher. All but GiveUp are required.
type Settings[T any] struct {
	// Workers is the maximum number of concurrent deliveries.
	Workers int
	// Timeout is the deadline of one delivery, and Retry is the pause after a failed one.
	Timeout, Retry time.Duration
	// GiveUp is how long after the first attempt it is retried. Zero: without limit.
	GiveUp time.Duration
	Log    *slog.Logger

	// Faults returns the faults of a webhook. It is called once for each.
	Faults func(T) []fault.Fault
	// Deliver makes one attempt and reports whether the webhook is finished.
	Deliver func(context.Context, *Delivery[T]) bool
	// Done is called when a webhook needs no more attempts.
	Done func(T)
}

// Delivery is a webhook that is being delivered, with its history.
type Delivery[T any] struct {
	Webhook  T
	Faults   []fault.Fault
	Attempts int // counted by Deliver

	since time.Time // of the first attempt

	drawn, delayed, overtaken bool
}

// Has returns a fault of the delivery, by kind.
func (x *Delivery[T]) Has(k fault.Kind) (fault.Fault, bool) { return fault.Find(x.Faults, k) }

// Dispatcher delivers webhooks. It is safe for concurrent use.
type Dispatcher[T any] struct {
	s      Settings[T]
	client *http.Client
	later  *timetable.Table // lanes that wait for their next attempt

	mu    sync.Mutex
	wake  *sync.Cond
	lanes map[int64][]*Delivery[T] // only those with pending webhooks, oldest first
	ready []int64
}

// New returns a dispatcher without webhooks.
func New[T any](s Settings[T]) *Dispatcher[T] {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = s.Workers, s.Workers
	transport.DisableCompression = true
	d := &Dispatcher[T]{
		s: s, later: timetable.New(), lanes: map[int64][]*Delivery[T]{},
		client: &http.Client{
			Transport: transport, Timeout: s.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	d.wake = sync.NewCond(&d.mu)
	return d
}

// Enqueue queues a webhook behind those of its lane.
func (d *Dispatcher[T]) Enqueue(lane int64, webhook T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes[lane] = append(d.lanes[lane], &Delivery[T]{Webhook: webhook})
	if len(d.lanes[lane]) == 1 {
		d.makeReady(lane)
	}
}

func (d *Dispatcher[T]) makeReady(lane int64) {
	d.ready = append(d.ready, lane)
	d.wake.Signal()
}

// Run delivers until ctx ends. Deliveries in progress are then aborted and count as not delivered.
func (d *Dispatcher[T]) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range d.s.Workers {
		workers.Go(func() {
			for lane, ok := d.next(ctx); ok; lane, ok = d.next(ctx) {
				d.serve(ctx, lane)
			}
		})
	}
	workers.Go(func() { d.later.Run(ctx, time.Now, d.retry) })
	stop := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.wake.Broadcast()
	})
	defer stop()
	workers.Wait()
	d.client.CloseIdleConnections()
}

func (d *Dispatcher[T]) retry(lane int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.makeReady(lane)
}

// next waits for a lane with a pending webhook.
func (d *Dispatcher[T]) next(ctx context.Context) (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.ready) == 0 && ctx.Err() == nil {
		d.wake.Wait()
	}
	if ctx.Err() != nil {
		return 0, false
	}
	lane := d.ready[0]
	d.ready = d.ready[1:]
	return lane, true
}

// head returns the next delivery of a lane; nil if it was cleared meanwhile.
func (d *Dispatcher[T]) head(lane int64) *Delivery[T] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lanes[lane]) == 0 {
		return nil
	}
	return d.lanes[lane][0]
}

// serve makes one attempt and then queues the lane again.
func (d *Dispatcher[T]) serve(ctx context.Context, lane int64) {
	x := d.head(lane)
	if x == nil {
		return
	}
	if !x.drawn {
		x.drawn, x.since, x.Faults = true, time.Now(), d.s.Faults(x.Webhook)
	}
	if wait, ok := d.postpone(lane, x); ok {
		d.later.Add(lane, time.Now().Add(wait))
		return
	}
	if !d.s.Deliver(ctx, x) {
		if ctx.Err() != nil {
			return // the next dispatcher tries again
		}
		if d.s.GiveUp == 0 || time.Since(x.since) < d.s.GiveUp {
			d.later.Add(lane, time.Now().Add(d.s.Retry))
			return
		}
	}
	d.s.Done(x.Webhook)
	d.finished(lane, x)
}

// finished removes a delivery from its lane.
func (d *Dispatcher[T]) finished(lane int64, done *Delivery[T]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lanes[lane] == nil {
		return
	}
	d.lanes[lane] = slices.DeleteFunc(d.lanes[lane], func(x *Delivery[T]) bool { return x == done })
	if len(d.lanes[lane]) == 0 {
		delete(d.lanes, lane)
		return
	}
	d.makeReady(lane)
}

// postpone delays a slow webhook, and lets a later one of the same lane overtake one that is out of order. If no other one
// follows within a retry interval, it is sent anyway.
func (d *Dispatcher[T]) postpone(lane int64, x *Delivery[T]) (time.Duration, bool) {
	f, slow := x.Has(fault.HookSlow)
	_, reorder := x.Has(fault.HookReorder)
	if reorder && !x.overtaken && d.overtake(lane) {
		x.overtaken = true
		return 0, true
	}
	if x.delayed || x.overtaken || !slow && !reorder {
		return 0, false
	}
	x.delayed = true
	return f.Latency(d.s.Retry), true
}

// overtake swaps the first two deliveries of a lane, if it has two.
func (d *Dispatcher[T]) overtake(lane int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	queue := d.lanes[lane]
	if len(queue) < 2 {
		return false
	}
	queue[0], queue[1] = queue[1], queue[0]
	queue[0].drawn, queue[0].since = true, time.Now() // it overtakes, whatever its own faults
	return true
}

// Send makes one request and returns the status of its answer, 0 for none.
func (d *Dispatcher[T]) Send(req *http.Request) int {
	res, err := d.client.Do(req) //nolint:gosec // to the listener of the settings, which is what a sandbox is for
	if err != nil {
		d.s.Log.Debug("webhook not delivered", "error", err)
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)); err != nil {
		d.s.Log.Debug("webhook answer not read", "error", err)
	}
	return res.StatusCode
}

// Clear drops all pending webhooks.
func (d *Dispatcher[T]) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes, d.ready = map[int64][]*Delivery[T]{}, nil
	d.later.Clear()
}

// Backlog returns the number of pending webhooks.
func (d *Dispatcher[T]) Backlog() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, queue := range d.lanes {
		n += len(queue)
	}
	return n
}
