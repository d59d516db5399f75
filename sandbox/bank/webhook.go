package bank

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// dispatcher delivers webhooks: those of one payment one after the other, those of different payments side by side.
type dispatcher struct {
	b      *Bank
	path   string
	client *http.Client
	later  *timetable.Table // lanes that wait for their next attempt

	mu    sync.Mutex
	wake  *sync.Cond
	lanes map[int64]*lane // by payment; only those with something to send
	ready []int64
	log   hookLog
}

// lane is what one payment still has to announce, oldest first.
type lane struct {
	queue []*delivery
}

type delivery struct {
	r        *record
	attempts int
	faults   []fault.Fault

	drawn, delayed, overtaken bool // what happened to it so far
}

func newDispatcher(b *Bank) (*dispatcher, error) {
	u, err := url.Parse(b.cfg.WebhookURL)
	if err != nil {
		return nil, fmt.Errorf("read webhook URL: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = b.cfg.WebhookWorkers, b.cfg.WebhookWorkers
	transport.DisableCompression = true
	d := &dispatcher{
		b: b, path: u.EscapedPath(), client: &http.Client{
			Transport: transport, Timeout: b.cfg.WebhookTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		later: timetable.New(), lanes: map[int64]*lane{}, log: hookLog{size: b.cfg.WebhookLog},
	}
	d.wake = sync.NewCond(&d.mu)
	return d, nil
}

// enqueue announces a change of a payment.
func (d *dispatcher) enqueue(r *record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[r.ID]
	if l == nil {
		l = &lane{}
		d.lanes[r.ID] = l
		d.makeReady(r.ID)
	}
	l.queue = append(l.queue, &delivery{r: r})
}

func (d *dispatcher) makeReady(id int64) {
	d.ready = append(d.ready, id)
	d.wake.Signal()
}

// run delivers until ctx ends; what is under way then is cut off and counts as not delivered.
func (d *dispatcher) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range d.b.cfg.WebhookWorkers {
		workers.Go(func() {
			for id, ok := d.next(ctx); ok; id, ok = d.next(ctx) {
				d.serve(ctx, id)
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

func (d *dispatcher) retry(id int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.makeReady(id)
}

// next waits for a payment that has something to send.
func (d *dispatcher) next(ctx context.Context) (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.ready) == 0 && ctx.Err() == nil {
		d.wake.Wait()
	}
	if ctx.Err() != nil {
		return 0, false
	}
	id := d.ready[0]
	d.ready = d.ready[1:]
	return id, true
}

// head is the delivery that a lane has to make next.
func (d *dispatcher) head(id int64) *delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[id]
	if l == nil {
		return nil // forgotten meanwhile
	}
	return l.queue[0]
}

// serve makes one attempt for a payment and then puts its lane back where it belongs.
func (d *dispatcher) serve(ctx context.Context, id int64) {
	head := d.head(id)
	if head == nil {
		return
	}
	if !head.drawn {
		head.draw(d.b)
	}
	if wait, ok := d.postpone(id, head); ok {
		d.later.Add(id, time.Now().Add(wait))
		return
	}
	if !d.deliver(ctx, head) {
		d.later.Add(id, time.Now().Add(d.b.cfg.WebhookRetry))
		return
	}
	if err := d.b.journal.Append(line{Ack: head.r.Hook}); err != nil {
		d.b.cfg.Log.Error("webhook will be repeated after a restart", "webhook", head.r.Hook, "error", err)
	}
	d.delivered(id, head)
}

// delivered takes a delivery off its lane.
func (d *dispatcher) delivered(id int64, done *delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[id]
	if l == nil {
		return
	}
	l.queue = slices.DeleteFunc(l.queue, func(x *delivery) bool { return x == done })
	if len(l.queue) == 0 {
		delete(d.lanes, id)
		return
	}
	d.makeReady(id)
}

// draw decides once what goes wrong with this delivery: what the payment asks for and what is in force.
func (x *delivery) draw(b *Bank) {
	x.drawn = true
	x.faults = b.faults.Pick(fault.Webhook)
	for _, f := range x.r.Faults {
		if f.Kind.IsHook() {
			x.faults = append(x.faults, f)
		}
	}
}

func (x *delivery) has(k fault.Kind) (fault.Fault, bool) {
	for _, f := range x.faults {
		if f.Kind == k {
			return f, true
		}
	}
	return fault.Fault{}, false
}

// postpone holds a slow webhook back, and lets a later one of the same payment overtake one that is out of order. One
// that nothing follows within a retry interval goes out as it is.
func (d *dispatcher) postpone(id int64, x *delivery) (time.Duration, bool) {
	f, slow := x.has(fault.HookSlow)
	_, reorder := x.has(fault.HookReorder)
	if reorder && !x.overtaken && d.overtake(id) {
		x.overtaken = true
		return 0, true
	}
	if x.delayed || x.overtaken || !slow && !reorder {
		return 0, false
	}
	x.delayed = true
	return latencyOf(f, d.b.cfg.WebhookRetry), true
}

// overtake swaps the first two deliveries of a lane, if it has two.
func (d *dispatcher) overtake(id int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[id]
	if l == nil || len(l.queue) < 2 {
		return false
	}
	l.queue[0], l.queue[1] = l.queue[1], l.queue[0]
	l.queue[0].drawn = true // it overtakes, whatever else it might have done
	return true
}

// clear forgets what was not sent.
func (d *dispatcher) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes, d.ready = map[int64]*lane{}, nil
	d.later.Clear()
	d.log.clear()
}

// backlog is how many webhooks wait.
func (d *dispatcher) backlog() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, l := range d.lanes {
		n += len(l.queue)
	}
	return n
}
