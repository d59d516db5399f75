package outbound

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// probeWait is what callers are told while a probe is under way.
const probeWait = 250 * time.Millisecond

// Verdict is what a call says about its provider.
type Verdict int

// The verdicts. Unknown: nothing, because the call did not get that far or its caller gave up.
const (
	Unknown Verdict = iota
	Healthy
	Sick
)

// VerdictOf a call that failed, in that the provider did not answer as a healthy server does, with this error.
func VerdictOf(failed bool, err error) Verdict {
	switch {
	case !failed:
		return Healthy
	case errors.Is(err, context.Canceled): // the caller gave up, which says nothing about the provider
		return Unknown
	default:
		return Sick
	}
}

// BreakerConfig says when a breaker opens and how long it stays open.
type BreakerConfig struct {
	// TripAfter failures in a row open the circuit.
	TripAfter int
	// First is the cool-down after it opens. Each probe that fails doubles it, up to Longest.
	First, Longest time.Duration
}

// Breaker keeps calls from a provider that does not answer. After some failures in a row it is open for a
// cool-down; then one call at a time is let through as a probe. A probe that succeeds closes it, one that fails opens
// it again.
type Breaker struct {
	cfg BreakerConfig
	now func() time.Time
	log *slog.Logger

	mu       sync.Mutex
	open     bool
	until    time.Time // end of the cool-down
	cooldown time.Duration
	probing  bool
	failures int
	// period counts openings and closings: results of calls from an earlier period say nothing about the present.
	period int
}

// NewBreaker returns a closed breaker.
func NewBreaker(cfg BreakerConfig, now func() time.Time, log *slog.Logger) *Breaker {
	return &Breaker{cfg: cfg, now: now, log: log, cooldown: cfg.First}
}

// Open reports whether only probes are let through.
func (b *Breaker) Open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// Enter returns a ticket for Leave, or how long to wait: then the call must not be made.
func (b *Breaker) Enter() (ticket int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return b.period, 0
	}
	if wait := b.until.Sub(b.now()); wait > 0 {
		return 0, wait
	}
	if b.probing {
		return 0, probeWait
	}
	b.probing = true
	return b.period, 0
}

// Leave reports what became of a call that entered.
func (b *Breaker) Leave(ticket int, v Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ticket != b.period {
		return
	}
	b.probing = false
	switch {
	case v == Healthy && b.open:
		b.open, b.failures, b.cooldown = false, 0, b.cfg.First
		b.period++
		b.log.Info("provider answers again, circuit closed")
	case v == Healthy:
		b.failures = 0
	case v == Sick && b.open:
		b.cooldown = min(2*b.cooldown, b.cfg.Longest)
		b.trip()
	case v == Sick:
		if b.failures++; b.failures >= b.cfg.TripAfter {
			b.trip()
		}
	}
}

func (b *Breaker) trip() {
	b.open = true
	b.until = b.now().Add(b.cooldown)
	b.period++
	b.log.Warn("provider fails, circuit open", "for", b.cooldown)
}
