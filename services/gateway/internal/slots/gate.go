// Package slots bounds how much of something expensive runs at once: a Gate for all callers alike, Turns that are fair between names.
package slots

import (
	"context"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/patience"
)

// Patience is how long a caller usually waits for a slot.
const Patience = 2 * time.Second

// Gate lets a bounded number of callers through at a time. The others wait, neither for ever nor in any number: a flood
// of expensive requests gets SERVICE_UNAVAILABLE and leaves the rest of the process its cores and connections.
type Gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	// queue is how many may wait at once, and patience how long.
	queue    int64
	patience time.Duration
}

// NewGate returns a gate with that many slots, at least one. Patience is how long a caller waits for one.
func NewGate(slots int, patience time.Duration) *Gate {
	return &Gate{slots: make(chan struct{}, max(slots, 1)), queue: 256, patience: patience}
}

// Enter waits for a slot, which Leave gives back. SERVICE_UNAVAILABLE: there is none, now or after the wait.
func (g *Gate) Enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return ErrBusy()
	}
	timer := time.NewTimer(patience.Of(ctx, g.patience))
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy()
	case <-ctx.Done():
		return ErrBusy()
	}
}

// Leave gives the slot back.
func (g *Gate) Leave() { <-g.slots }

// ErrBusy asks the caller to repeat the request in a second: SERVICE_UNAVAILABLE.
func ErrBusy() error {
	e := errs.New(errs.Unavailable, "The service is busy. Repeat the request in a moment.")
	e.RetryAfter = time.Second
	return e
}
