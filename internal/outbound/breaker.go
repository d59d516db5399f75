package outbound

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// probeWait is the delay that callers are given while a probe is in progress.
const probeWait = 250 * time.Millisecond

// Verdict is what the result of a call means for the health of the provider.
type Verdict int

// The verdicts. Unknown: the call did not reach the provider, or its caller gave up.
const (
	Unknown Verdict = iota
	Healthy
	Sick
)

// VerdictOf returns the verdict for a call. failed means that the provider did not answer like a healthy server; err is the error
// of the call.
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

// BreakerConfig defines when a circuit breaker opens and for how long.
type BreakerConfig struct {
	// Provider and Mode (live or test) name the breaker in the metric eupay_provider_breaker_open. Without Provider it is not measured.
	Provider, Mode string
	// TripAfter is the number of consecutive failures that open the circuit.
	TripAfter int
	// First is the cool-down after opening. Each failed probe doubles it, up to Longest.
	First, Longest time.Duration
}

// Breaker is a circuit breaker for the calls to a provider. After some consecutive failures it is open for a cool-down. Then one
// call at a time is let through as a probe: a successful probe closes the circuit, a failed one opens it again.
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
	// period counts openings and closings. Results of calls from an earlier period are ignored.
	period int
}

// NewBreaker returns a closed breaker.
func NewBreaker(cfg BreakerConfig, now func() time.Time, log *slog.Logger) *Breaker {
	b := &Breaker{cfg: cfg, now: now, log: log, cooldown: cfg.First}
	b.measure()
	return b
}

// measure exports whether the circuit is open.
func (b *Breaker) measure() {
	if b.cfg.Provider == "" {
		return
	}
	open := 0.0
	if b.open {
		open = 1
	}
	breakerOpen.WithLabelValues(b.cfg.Provider, b.cfg.Mode).Set(open)
}

// Open reports whether the circuit is open, so that only probes are let through.
func (b *Breaker) Open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// Enter returns a ticket for Leave. If wait is positive, the call must not be made before that time has passed.
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

// Leave reports the verdict of a call that entered.
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
		b.measure()
		b.log.Info("provider recovered, circuit closed")
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
	b.measure()
	b.log.Warn("provider failing, circuit open", "for", b.cooldown)
}
