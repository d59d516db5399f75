package powens

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// tripAfter failures in a row open the circuit.
	tripAfter     = 20
	firstCooldown = time.Second
	maxCooldown   = 30 * time.Second
	// probeWait is what callers are told while a probe is under way.
	probeWait = 250 * time.Millisecond
)

type verdict int

const (
	unknown verdict = iota
	healthy
	sick
)

// breaker keeps calls from a provider that does not answer. After tripAfter failures in a row it is open for a
// cool-down; then one call at a time is let through as a probe. A probe that succeeds closes it, one that fails opens
// it for twice as long.
type breaker struct {
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

func newBreaker(now func() time.Time, log *slog.Logger) *breaker {
	return &breaker{now: now, log: log, cooldown: firstCooldown}
}

// enter returns a ticket for leave, or how long to wait: then the call must not be made.
func (b *breaker) enter() (ticket int, wait time.Duration) {
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

// leave reports what became of a call that entered.
func (b *breaker) leave(ticket int, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ticket != b.period {
		return
	}
	b.probing = false
	switch {
	case v == healthy && b.open:
		b.open, b.failures, b.cooldown = false, 0, firstCooldown
		b.period++
		b.log.Info("provider answers again, circuit closed")
	case v == healthy:
		b.failures = 0
	case v == sick && b.open:
		b.cooldown = min(2*b.cooldown, maxCooldown)
		b.trip()
	case v == sick:
		if b.failures++; b.failures >= tripAfter {
			b.trip()
		}
	}
}

func (b *breaker) trip() {
	b.open = true
	b.until = b.now().Add(b.cooldown)
	b.period++
	b.log.Warn("provider fails, circuit open", "for", b.cooldown)
}
