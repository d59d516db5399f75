// Package testclock is the time of a service under test: it stands still until a test moves it.
package testclock

import (
	"sync"
	"time"
)

// Clock shows a time. Its methods may be called from many goroutines.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// New returns a clock that shows at.
func New(at time.Time) *Clock { return &Clock{at: at} }

// Now is what the clock shows; it is what services take as their Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
