// Package bank simulates account-to-account payments: the Powens Pay API, its hosted webview and a few fictional banks behind it.
// It follows the published behaviour so closely that a client cannot tell the difference, and it misbehaves on demand.
package bank

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"european-pay.eu/eupay/sandbox/internal/fault"
	"european-pay.eu/eupay/sandbox/internal/journal"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// Bank is the provider with all its banks. It is safe for concurrent use.
type Bank struct {
	cfg      Config
	store    *store
	links    links
	payLinks payLinks
	journal  *journal.File
	due      *timetable.Table // steps of payments
	hooks    *dispatcher
	faults   fault.Set
	strikes  fault.Striker
	latency  latency
	auto     atomic.Pointer[AutoAuthorise]
	stats    counters
	tokenKey []byte
	handler  http.Handler

	requests atomic.Int64 // request_id of the last error
	lastHook atomic.Int64 // id_webhook_data of the last webhook
	stop     sync.Once
	stopped  chan struct{}
}

// New opens a bank, with the payments of an earlier one if cfg.Dir has them. Close it at the end.
func New(cfg Config) (*Bank, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("open bank: %w", err)
	}
	key := sha256.Sum256([]byte("token " + cfg.ClientSecret))
	b := &Bank{cfg: cfg, due: timetable.New(), faults: fault.Set{Operations: operations}, tokenKey: key[:], stopped: make(chan struct{})}
	b.auto.Store(&AutoAuthorise{Enabled: cfg.AutoAuthorise, DelayMS: int(cfg.AutoAuthoriseDelay.Milliseconds())})
	b.strikes = fault.Striker{HoldAtMost: cfg.HoldAtMost, Stopped: b.stopped}
	var err error
	if b.hooks, err = newDispatcher(b); err != nil {
		return nil, err
	}
	if err := b.load(); err != nil {
		return nil, err
	}
	b.handler = b.routes()
	return b, nil
}

// Handler serves the API under /2.0 and the pages for payers.
func (b *Bank) Handler() http.Handler { return b.handler }

// Run advances payments when they are due and delivers webhooks, until ctx ends. The next bank with the same journal delivers the
// remaining webhooks.
func (b *Bank) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	workers.Go(func() { b.due.Run(ctx, b.cfg.Now, b.step) })
	workers.Go(func() { b.hooks.Run(ctx) })
	<-ctx.Done()
	b.stop.Do(func() { close(b.stopped) }) // releases the callers that a fault holds
	workers.Wait()
	return nil
}

// Tick applies everything that is due by the bank's clock. Run calls it; tests that control the clock call it themselves.
func (b *Bank) Tick() {
	for id, ok := b.due.Next(b.cfg.Now()); ok; id, ok = b.due.Next(b.cfg.Now()) {
		b.step(id)
	}
}

func (b *Bank) step(id int64) {
	p := b.store.get(id)
	if p == nil {
		return
	}
	if _, err := b.upToDate(p); err != nil {
		b.cfg.Log.Error("payment did not move on", "payment", id, "error", err)
	}
}

// Close closes the journal.
func (b *Bank) Close() error {
	return b.journal.Close()
}
