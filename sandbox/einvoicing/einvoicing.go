// Package einvoicing simulates an accredited e-invoicing platform: merchants prove their identity, documents are checked as
// strictly as in production and delivered to their buyers, reports are accepted, and webhooks announce everything. It follows
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

// Platform is the platform, and all other platforms behind it. It is safe for concurrent use.
type Platform struct {
	cfg     Config
	key     [sha256.Size]byte // of the API key
	journal *journal.File
	due     *timetable.Table // steps of invoices and clients, by their numbers
	hooks   *dispatcher
	faults  fault.Set
	strikes fault.Striker
	outage  atomic.Int64 // end of the outage, Unix time in nanoseconds
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

// New opens a platform, with the state that an earlier one left in cfg.Dir. Close it at the end.
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

// Handler serves the API, with and without /api before its paths, and the page on which a merchant proves its identity.
func (p *Platform) Handler() http.Handler { return p.handler }

// Run advances documents and mandates when they are due and delivers webhooks, until ctx ends. The next platform with the same
// journal delivers the remaining webhooks.
func (p *Platform) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	workers.Go(func() { p.due.Watch(ctx, p.cfg.Now, p.Tick) })
	workers.Go(func() { p.hooks.Run(ctx) })
	<-ctx.Done()
	p.stop.Do(func() { close(p.stopped) }) // releases the callers that a fault holds
	workers.Wait()
	return nil
}

// Tick applies everything that is due by the platform's clock. Run calls it; tests that control the clock call it themselves.
func (p *Platform) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
}

// tick is Tick for a caller that holds mu.
func (p *Platform) tick() {
	for n, ok := p.due.Next(p.cfg.Now()); ok; n, ok = p.due.Next(p.cfg.Now()) {
		p.step(n)
	}
}

// Close closes the journal.
func (p *Platform) Close() error { return p.journal.Close() }

// SetAutoApprove changes the setting for future merchants.
func (p *Platform) SetAutoApprove(a AutoApprove) { p.auto.Store(&a) }

// Fault is a rule by which calls or webhooks fail.
type Fault = fault.Fault

// AddFault adds a rule.
func (p *Platform) AddFault(f Fault) (Fault, error) { return p.faults.Add(f) }

// SetFaults replaces all rules.
func (p *Platform) SetFaults(f ...Fault) error { return p.faults.Replace(f) }

// Outage answers every call with 503 for some time, by the platform's clock; 0 ends it.
func (p *Platform) Outage(d time.Duration) { p.outage.Store(p.cfg.Now().Add(d).UnixNano()) }

// Webhooks returns the newest delivery attempts, oldest first.
func (p *Platform) Webhooks() []Webhook { return p.hooks.log.List() }

func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()[:16]) }
