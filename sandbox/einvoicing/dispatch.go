package einvoicing

import (
	"context"
	"hash/fnv"
	"net/http"
	"slices"
	"sync"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// dispatcher delivers webhooks: those of one object one after the other, those of different objects side by side.
type dispatcher struct {
	p      *Platform
	client *http.Client
	later  *timetable.Table // lanes that wait for their next attempt

	mu    sync.Mutex
	wake  *sync.Cond
	lanes map[int64][]*delivery // by object; only those with something to send
	ready []int64
	log   hookLog
}

// delivery is a webhook on its way, and what happened to it so far.
type delivery struct {
	n        *notice
	attempts int
	faults   []fault.Fault
	since    time.Time // of the first attempt

	drawn, delayed, overtaken bool
}

func newDispatcher(p *Platform) *dispatcher {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.DisableCompression = p.cfg.WebhookWorkers, true
	d := &dispatcher{
		p: p, later: timetable.New(), lanes: map[int64][]*delivery{}, log: hookLog{size: p.cfg.WebhookLog},
		client: &http.Client{
			Transport: transport, Timeout: p.cfg.WebhookTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	d.wake = sync.NewCond(&d.mu)
	return d
}

// laneOf is the number of an object's lane; two objects that share one only wait for each other.
func laneOf(object string) int64 {
	h := fnv.New64a()
	h.Write([]byte(object))
	return int64(h.Sum64())
}

func (d *dispatcher) enqueue(n *notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	lane := laneOf(n.Object)
	d.lanes[lane] = append(d.lanes[lane], &delivery{n: n})
	if len(d.lanes[lane]) == 1 {
		d.makeReady(lane)
	}
}

func (d *dispatcher) makeReady(lane int64) {
	d.ready = append(d.ready, lane)
	d.wake.Signal()
}

// run delivers until ctx ends; what is under way then is cut off and counts as not delivered.
func (d *dispatcher) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range d.p.cfg.WebhookWorkers {
		workers.Go(func() {
			for lane, ok := d.next(ctx); ok; lane, ok = d.next(ctx) {
				d.serve(ctx, lane)
			}
		})
	}
	workers.Go(func() {
		d.later.Run(ctx, time.Now, func(lane int64) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.makeReady(lane)
		})
	})
	stop := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.wake.Broadcast()
	})
	defer stop()
	workers.Wait()
	d.client.CloseIdleConnections()
}

// next waits for a lane that has something to send.
func (d *dispatcher) next(ctx context.Context) (int64, bool) {
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

// head is the delivery that a lane has to make next; nil when it was forgotten meanwhile.
func (d *dispatcher) head(lane int64) *delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lanes[lane]) == 0 {
		return nil
	}
	return d.lanes[lane][0]
}

// serve makes one attempt and then puts the lane back where it belongs.
func (d *dispatcher) serve(ctx context.Context, lane int64) {
	x := d.head(lane)
	if x == nil {
		return
	}
	x.draw(d.p)
	if wait, ok := d.postpone(lane, x); ok {
		d.later.Add(lane, time.Now().Add(wait))
		return
	}
	if !d.deliver(ctx, x) && time.Since(x.since) < d.p.cfg.WebhookGiveUp {
		d.later.Add(lane, time.Now().Add(d.p.cfg.WebhookRetry))
		return
	}
	if ctx.Err() != nil {
		return // the next platform tries again
	}
	d.p.acknowledge(x.n)
	d.finished(lane, x)
}

// finished takes a delivery off its lane.
func (d *dispatcher) finished(lane int64, done *delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lanes[lane] == nil {
		return
	}
	d.lanes[lane] = slices.DeleteFunc(d.lanes[lane], func(x *delivery) bool { return x == done })
	if len(d.lanes[lane]) == 0 {
		delete(d.lanes, lane)
		return
	}
	d.makeReady(lane)
}

// draw decides once what goes wrong with this delivery: what the object asks for and what is in force.
func (x *delivery) draw(p *Platform) {
	if x.drawn {
		return
	}
	x.drawn, x.since = true, time.Now()
	x.faults = append(p.faults.Pick(fault.Webhook), x.n.Faults...)
}

func (x *delivery) has(k fault.Kind) (fault.Fault, bool) {
	for _, f := range x.faults {
		if f.Kind == k {
			return f, true
		}
	}
	return fault.Fault{}, false
}

// postpone holds a slow webhook back, and lets a later one of the same object overtake one that is out of order. One that
// nothing follows within a retry interval goes out as it is.
func (d *dispatcher) postpone(lane int64, x *delivery) (time.Duration, bool) {
	f, slow := x.has(fault.HookSlow)
	_, reorder := x.has(fault.HookReorder)
	if reorder && !x.overtaken && d.overtake(lane) {
		x.overtaken = true
		return 0, true
	}
	if x.delayed || x.overtaken || !slow && !reorder {
		return 0, false
	}
	x.delayed = true
	return latencyOf(f, d.p.cfg.WebhookRetry), true
}

// overtake swaps the first two deliveries of a lane, if it has two.
func (d *dispatcher) overtake(lane int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	queue := d.lanes[lane]
	if len(queue) < 2 {
		return false
	}
	queue[0], queue[1] = queue[1], queue[0]
	queue[0].drawn, queue[0].since = true, time.Now() // it overtakes, whatever else it might have done
	return true
}

// clear forgets what was not sent.
func (d *dispatcher) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes, d.ready = map[int64][]*delivery{}, nil
	d.later.Clear()
	d.log.clear()
}

// backlog is how many webhooks wait.
func (d *dispatcher) backlog() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, queue := range d.lanes {
		n += len(queue)
	}
	return n
}
