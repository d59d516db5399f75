package chaos

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestChaosEverythingAtOnce runs EU Pay as a cluster does, with mixed traffic, for some minutes, and breaks one thing after the other, in an
// order that its seed determines. It measures how long it takes until a payment and its webhook go through again. Then everything is mended,
// and what must hold is proven.
func TestChaosEverythingAtOnce(t *testing.T) {
	o, ok, err := readOrder(os.Getenv("EUPAY_CHAOS_MINUTES"), os.Getenv("EUPAY_CHAOS_SEED"), os.Getenv("EUPAY_CHAOS_REPORT"))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		t.Log("NOT RUN: the long run was not asked for (make chaos MINUTES=10)")
		return
	}
	t.Logf("seed %d", o.seed)
	e := newEstate(t)
	ctx, cancel := context.WithTimeout(t.Context(), o.lasting+10*time.Minute)
	defer cancel()
	x := newTraffic(ctx, t, e)
	r := &report{order: o, cores: runtime.NumCPU()}

	finish := x.begin(ctx)
	next, over := plan(o.seed, len(faults)), after(o.lasting)
	for k, goesOn := 0, true; goesOn; k++ {
		s := next()
		r.add(e.suffer(ctx, x, faults[s.kind], s.pick, k))
		select {
		case <-over:
			goesOn = false
		case <-after(calmFor):
		}
	}
	finish()
	t.Logf("%d things were done; now everything is mended", x.done.Load())
	r.unexpected = t.Failed()
	x.patient.Store(true)
	e.quiet(ctx)
	for _, i := range invariants {
		held := t.Run(i.name, func(t *testing.T) {
			limit, cancel := context.WithTimeout(ctx, proofLimit)
			defer cancel()
			i.prove(limit, t, e, x)
		})
		r.proofs = append(r.proofs, proof{i.name, held})
	}
	r.payments, r.webhooks = x.counts()
	r.all, r.unanswered = e.unanswered.read()
	t.Log("\n" + r.text())
	if o.report != "" {
		if err := os.WriteFile(o.report, []byte(r.text()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

const (
	// calmFor is the pause between two faults.
	calmFor = 3 * time.Second
	// recoveryLimit bounds the wait for a payment and its webhook after a fault.
	recoveryLimit = 90 * time.Second
	proofLimit    = 2 * time.Minute
)

// suffer breaks something, mends it, and returns how long it took until a payment and its webhook went through again.
func (e *estate) suffer(ctx context.Context, x *traffic, f fault, pick, number int) suffered {
	e.t.Logf("%d: %s (%d)", number+1, f.name, pick)
	limit, cancel := context.WithTimeout(ctx, f.lasts+recoveryLimit)
	defer cancel()
	if f.before != nil {
		f.before(e)
	}
	e.unanswered.begin(f.name)
	defer e.unanswered.begin(calm)
	began := time.Now()
	mend := f.breaks(e, pick)
	through := make(chan time.Time, 1) // when it was, zero: never
	try := func() {
		if !x.paysAndHears(limit, number) {
			through <- time.Time{}
			return
		}
		through <- time.Now()
	}
	if !f.whenMended {
		go try()
	}
	<-after(f.lasts)
	mend()
	if f.whenMended {
		began = time.Now()
		go try()
	}
	end := <-through
	took := end.Sub(began)
	if end.IsZero() {
		e.t.Errorf("no payment and its webhook went through within %s of %s", recoveryLimit, f.name)
		took = recoveryLimit
	}
	e.t.Logf("%d: a payment and its webhook went through after %s", number+1, took.Round(10*time.Millisecond))
	e.settled()
	return suffered{f, took}
}

// quiet mends what can be mended and lets the leases of killed processes end, as an hour without faults would.
func (e *estate) quiet(ctx context.Context) {
	for _, f := range append([]*front{e.web, e.bank, e.platform}, e.inner()...) {
		f.disturb(trouble{})
	}
	e.faults(ctx, e.sys.BankManagementURL(), []object{})
	e.databases.crash() // its clock may be wrong
	e.databases.restart()
	e.behave(ctx)
	e.restartPayments()
	e.settled()
}

// traffic is what merchants and payers do meanwhile.
type traffic struct {
	m       *merchant
	rooms   []room
	names   []string
	invoice *issuer
	done    atomic.Int64
	webhook atomic.Int64
	patient atomic.Bool // receivers of webhooks fail no more

	mu    sync.Mutex
	begun map[int]string // what was begun and has not ended
}

// trafficWorkers do things at the same time; each begins one every trafficEvery at most.
const (
	trafficWorkers = 12
	trafficEvery   = 1500 * time.Millisecond
	// finishLimit bounds how long what was begun may take in the end.
	finishLimit = 2 * time.Minute
)

func newTraffic(ctx context.Context, t *testing.T, e *estate) *traffic {
	t.Helper()
	x := &traffic{begun: make(map[int]string)}
	e.fails = x.receiverFails
	x.m = newMerchant(t, e.world)
	x.invoice = newIssuer(t, e.world, 1)
	x.invoice.approve(ctx)
	x.names = []string{"links", "subscriptions", "rewards", "orders", "scans"}
	x.rooms = []room{newShop(t, e.world), newClub(t, e.world), newTill(t, e.world), newCounter(t, e.world), newKiosk(t, e.world)}
	return x
}

// receiverFails makes every tenth request to a receiver of webhooks fail before, and every tenth after the work.
func (x *traffic) receiverFails() receiverFault {
	n := x.webhook.Add(1)
	if x.patient.Load() {
		return 0
	}
	switch n % 10 {
	case 3:
		return failsBefore
	case 7:
		return failsAfter
	}
	return 0
}

// begin begins the traffic; finish lets it end, and waits for what was begun.
func (x *traffic) begin(ctx context.Context) (finish func()) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	var number atomic.Int64
	var running sync.WaitGroup
	for range trafficWorkers {
		running.Go(func() {
			for {
				pace := after(trafficEvery)
				n := int(number.Add(1) - 1)
				x.note(n, x.kind(n))
				x.do(ctx, n)
				x.note(n, "")
				x.done.Add(1)
				select {
				case <-over:
					return
				case <-pace:
				}
			}
		})
	}
	return func() {
		close(over)
		late := time.AfterFunc(finishLimit, func() {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.m.t.Errorf("what was begun did not end in time: %v", x.begun)
			cancel()
		})
		defer late.Stop()
		running.Wait()
		cancel()
	}
}

// note keeps what was begun, until it has ended and is empty.
func (x *traffic) note(n int, what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.begun[n] = what; what == "" {
		delete(x.begun, n)
	}
}

// kind says what the n-th thing is.
func (x *traffic) kind(n int) string {
	if n%2 == 0 {
		return "payment"
	}
	if turn := n / 2 % (len(x.rooms) + 1); turn < len(x.rooms) {
		return fmt.Sprint(x.names[turn], " ", n/2/(len(x.rooms)+1))
	}
	return fmt.Sprint("invoice ", n/2/(len(x.rooms)+1))
}

// do does the n-th thing: a payment each second time, and the rooms in turn.
func (x *traffic) do(ctx context.Context, n int) {
	if n%2 == 0 {
		x.pay(ctx, n/2)
		return
	}
	n /= 2
	if turn := n % (len(x.rooms) + 1); turn < len(x.rooms) {
		x.rooms[turn].use(ctx, n/(len(x.rooms)+1))
	} else {
		x.invoice.deal(ctx, n/(len(x.rooms)+1))
	}
}

// pay makes the n-th payment; every fifth payer gives up at the bank.
func (x *traffic) pay(ctx context.Context, n int) string {
	if !x.m.order(ctx, n) {
		return ""
	}
	reference := x.m.reference(n)
	if n%5 == 0 {
		x.m.refuse(ctx, reference)
	} else {
		x.m.authorise(ctx, reference)
	}
	return reference
}

// probes are the numbers of the payments that measure, which no other has.
const probes = 1_000_001

// paysAndHears makes payments until one is accepted and its webhook has come. One that the bank never took fails, and does not count.
func (x *traffic) paysAndHears(ctx context.Context, number int) bool {
	for try := 0; ctx.Err() == nil; try++ {
		reference := x.pay(ctx, probes+5*(1000*number+try))
		ended, completed := false, false
		until(ctx, pause, func() bool {
			x.m.mu.Lock()
			defer x.m.mu.Unlock()
			heard := x.m.heard[reference]
			completed, ended = heard["completed"] > 0, len(heard) > 0
			return ended
		})
		if completed {
			return true
		}
	}
	return false
}

// counts are the payments that were accepted, and the requests that receivers of webhooks got.
func (x *traffic) counts() (payments int, webhooks int64) {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	return len(x.m.accepted), x.webhook.Load()
}
