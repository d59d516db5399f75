// Package einvoicing is a stand-in for an accredited e-invoicing platform: merchants prove who they are, documents are
// checked as strictly as in life and travel to their buyers, reports are taken, and webhooks tell of it all. It keeps to
// docs/einvoicing-platform.md, and it misbehaves on demand.
package einvoicing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
	"european-pay.eu/eupay/sandbox/internal/journal"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// Platform is the platform and all other platforms behind it. Its methods may be called from many goroutines.
type Platform struct {
	cfg     Config
	key     [sha256.Size]byte // of the API key
	journal *journal.File
	due     *timetable.Table // steps of invoices and clients, by their numbers
	hooks   *dispatcher
	faults  fault.Set
	strikes fault.Striker
	outage  atomic.Int64 // until when nothing works, Unix time in nanoseconds
	auto    atomic.Pointer[AutoApprove]
	handler http.Handler
	stop    sync.Once
	stopped chan struct{}

	mu    sync.Mutex
	state state
}

// AutoApprove approves identities without a person.
type AutoApprove struct {
	Enabled bool `json:"enabled"`
	DelayMS int  `json:"delay_ms"`
}

// New opens a platform, with what an earlier one left in cfg.Dir. Close it at the end.
func New(cfg Config) (*Platform, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("open e-invoicing platform: %w", err)
	}
	p := &Platform{
		cfg: cfg, key: sha256.Sum256([]byte(cfg.APIKey)), due: timetable.New(), stopped: make(chan struct{}),
		faults: fault.Set{Operations: operations, NoShapes: true},
	}
	p.auto.Store(&AutoApprove{Enabled: cfg.AutoApprove, DelayMS: int(cfg.AutoApproveDelay.Milliseconds())})
	p.strikes = fault.Striker{HoldAtMost: cfg.HoldAtMost, Stopped: p.stopped}
	p.hooks = newDispatcher(p)
	if err := p.load(); err != nil {
		return nil, fmt.Errorf("open e-invoicing platform: %w", err)
	}
	p.handler = p.routes()
	return p, nil
}

// Handler serves the API, with and without /api before its paths, and the page on which a merchant proves who it is.
func (p *Platform) Handler() http.Handler { return p.handler }

// Run moves documents and mandates on when their time has come and delivers webhooks, until ctx ends. What was not
// delivered then is delivered by the next platform on the same journal.
func (p *Platform) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	workers.Go(func() { p.due.Watch(ctx, p.cfg.Now, p.Tick) })
	workers.Go(func() { p.hooks.Run(ctx) })
	<-ctx.Done()
	p.stop.Do(func() { close(p.stopped) }) // frees the callers that a fault holds
	workers.Wait()
	return nil
}

// Tick applies everything that is due by the platform's clock. Run does so by itself; tests that hold the clock call this.
func (p *Platform) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
}

// tick is Tick for a caller who holds mu.
func (p *Platform) tick() {
	for n, ok := p.due.Next(p.cfg.Now()); ok; n, ok = p.due.Next(p.cfg.Now()) {
		p.step(n)
	}
}

// Close closes the journal.
func (p *Platform) Close() error { return p.journal.Close() }

// SetAutoApprove changes what happens to merchants from now on.
func (p *Platform) SetAutoApprove(a AutoApprove) { p.auto.Store(&a) }

// Fault is a rule by which calls or webhooks go wrong.
type Fault = fault.Fault

// AddFault puts one rule in force.
func (p *Platform) AddFault(f Fault) (Fault, error) { return p.faults.Add(f) }

// SetFaults replaces all rules.
func (p *Platform) SetFaults(f ...Fault) error { return p.faults.Replace(f) }

// Outage answers every call with 503 for a while, by the platform's clock; 0 ends it.
func (p *Platform) Outage(d time.Duration) { p.outage.Store(p.cfg.Now().Add(d).UnixNano()) }

// Webhooks returns the newest attempts to deliver, oldest first.
func (p *Platform) Webhooks() []Webhook { return p.hooks.log.List() }

func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()[:16]) }
