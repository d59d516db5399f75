package ratelimit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var fallbacks = promauto.NewCounter(prometheus.CounterOpts{
	Name: "eupay_gateway_rate_limit_fallbacks_total", Help: "Calls counted in memory because Redis was away.",
})

// A call waits this long for the shared limiter. After a failure it is not called for a while.
const (
	sharedTimeout = 100 * time.Millisecond
	pause         = time.Second
)

// Fallback uses the shared limiter, and the local one while the shared one is unavailable. So an outage of Redis neither stops
// payments nor lifts the limits; each replica counts for itself.
type Fallback struct {
	shared, local Limiter
	now           func() time.Time
	log           *slog.Logger
	resume        atomic.Int64 // Unix nanoseconds; 0 while the shared limiter works
}

// NewFallback combines the two limiters.
func NewFallback(shared, local Limiter, now func() time.Time, log *slog.Logger) *Fallback {
	return &Fallback{shared: shared, local: local, now: now, log: log}
}

// Allow implements Limiter.
func (f *Fallback) Allow(ctx context.Context, key string, limit int) (Decision, error) {
	var d Decision
	if f.ask(ctx, func(ctx context.Context) (err error) {
		d, err = f.shared.Allow(ctx, key, limit)
		return err
	}) {
		return d, nil
	}
	fallbacks.Inc()
	return f.local.Allow(ctx, key, limit)
}

// Forget implements Limiter. If the shared limiter is unavailable, its count expires with its window.
func (f *Fallback) Forget(ctx context.Context, key string) error {
	f.ask(ctx, func(ctx context.Context) error { return f.shared.Forget(ctx, key) })
	return f.local.Forget(ctx, key)
}

// ask reports whether the shared limiter answered.
func (f *Fallback) ask(ctx context.Context, do func(context.Context) error) bool {
	resume := f.resume.Load()
	if resume != 0 && f.now().UnixNano() < resume {
		return false
	}
	asking, cancel := context.WithTimeout(ctx, sharedTimeout)
	err := do(asking)
	cancel()
	if err == nil {
		if resume != 0 && f.resume.CompareAndSwap(resume, 0) {
			f.log.InfoContext(ctx, "rate limits are shared again")
		}
		return true
	}
	if ctx.Err() == nil {
		f.suspend(ctx, resume, err)
	}
	return false
}

func (f *Fallback) suspend(ctx context.Context, resume int64, cause error) {
	if f.resume.CompareAndSwap(resume, f.now().Add(pause).UnixNano()) && resume == 0 {
		f.log.WarnContext(ctx, "Redis is away, rate limits are counted in each replica", "error", cause)
	}
}
