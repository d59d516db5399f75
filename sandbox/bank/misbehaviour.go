package bank

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// faulted is how a handler says that a magic payment asked for a fault before anything was done.
type faulted struct{ fault fault.Fault }

func (f *faulted) Error() string { return "fault " + string(f.fault.Kind) }

func (c *call) has(k fault.Kind) (fault.Fault, bool) {
	for _, f := range c.faults {
		if f.Kind == k {
			return f, true
		}
	}
	return fault.Fault{}, false
}

// failBefore lets faults strike that keep the work from being done, and reports whether the request is over.
func (b *Bank) failBefore(w http.ResponseWriter, c *call, faults []fault.Fault) bool {
	for _, f := range faults {
		switch f.Kind {
		case fault.Slow:
			b.pause(c.r, latencyOf(f, 300*time.Millisecond))
		case fault.Error:
			b.fail(w, serverError(f.Status))
		case fault.Cut:
			panic(http.ErrAbortHandler)
		case fault.NoAnswer:
			b.hold(c.r)
		case fault.RateLimit:
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
			b.fail(w, &apiError{http.StatusTooManyRequests, "tooManyRequests", "Too many requests."})
		case fault.Unauthorized:
			b.fail(w, errUnauthorized)
		}
		switch f.Kind {
		case fault.Error, fault.RateLimit, fault.Unauthorized:
			return true
		}
	}
	return false
}

// failAfter lets faults strike whose work is done: the answer comes too late, or never.
func (b *Bank) failAfter(_ http.ResponseWriter, c *call) {
	if _, ok := c.has(fault.LostAnswer); ok {
		panic(http.ErrAbortHandler)
	}
	if f, ok := c.has(fault.Late); ok {
		if f.LatencyMS == 0 {
			b.hold(c.r)
		}
		b.pause(c.r, latencyOf(f, 0))
	}
}

// hold keeps the connection until the caller gives up (or the bank stops) and then cuts it.
func (b *Bank) hold(r *http.Request) {
	t := time.NewTimer(b.cfg.HoldAtMost)
	defer t.Stop()
	select {
	case <-r.Context().Done():
	case <-b.stopped:
	case <-t.C:
	}
	panic(http.ErrAbortHandler)
}

func serverError(status int) error {
	switch status {
	case 0, http.StatusInternalServerError:
		return &apiError{http.StatusInternalServerError, "dataError", "Internal error."}
	case http.StatusServiceUnavailable:
		return &apiError{status, "websiteUnavailable", "The service is under maintenance."}
	}
	return &apiError{status, "bug", http.StatusText(status)}
}

func latencyOf(f fault.Fault, otherwise time.Duration) time.Duration {
	if f.LatencyMS == 0 {
		return otherwise
	}
	return time.Duration(f.LatencyMS) * time.Millisecond
}

// Latency is a delay added to every call, and others for some operations. Times are in milliseconds.
type Latency struct {
	MS         int            `json:"ms"`
	Operations map[string]int `json:"operations,omitempty"`
}

type latency struct{ cur atomic.Pointer[Latency] }

func (l *latency) of(operation string) time.Duration {
	cur := l.cur.Load()
	if cur == nil {
		return 0
	}
	ms, ok := cur.Operations[operation]
	if !ok {
		ms = cur.MS
	}
	return time.Duration(ms) * time.Millisecond
}

// counters count calls by operation, webhooks by outcome and changes by state.
type counters struct {
	mu sync.Mutex
	n  map[string]int64
}

func (c *counters) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int64{}
	}
	c.n[name]++
}

func (c *counters) all() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := make(map[string]int64, len(c.n))
	for k, v := range c.n {
		copied[k] = v
	}
	return copied
}

func (c *counters) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = nil
}
