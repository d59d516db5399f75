package bank

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// failBefore applies faults that prevent the work, and reports whether the request is over.
func (b *Bank) failBefore(w http.ResponseWriter, c *call, faults []fault.Fault) bool {
	f, over := b.strikes.Before(w, c.r, faults)
	switch {
	case !over:
		return false
	case f.Kind == fault.RateLimit:
		b.fail(w, &apiError{http.StatusTooManyRequests, "tooManyRequests", "Too many requests."})
	case f.Kind == fault.Unauthorized:
		b.fail(w, errUnauthorized)
	default:
		b.fail(w, serverError(f.Status))
	}
	return true
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

// Latency is a delay of every call, and other delays for some operations, in milliseconds.
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
