// Package testclock provides the time of a service under test: it stands still until the test advances it.
package testclock

import (
	"sync"
	"time"
)

// Clock shows a time. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// New returns a clock that shows at.
func New(at time.Time) *Clock { return &Clock{at: at} }

// Now returns the clock's time. Pass it to services as their Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
