package account

import (
	"context"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/patience"
)

// gate lets a bounded number of callers through at a time. The others wait, neither for ever nor in any number: a flood
// of expensive requests gets SERVICE_UNAVAILABLE and leaves the rest of the process its cores and connections.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	// queue is how many may wait at once, and patience how long.
	queue    int64
	patience time.Duration
}

func newGate(slots int, patience time.Duration) *gate {
	return &gate{slots: make(chan struct{}, max(slots, 1)), queue: 256, patience: patience}
}

// enter waits for a slot, which leave gives back.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return errBusy()
	}
	timer := time.NewTimer(patience.Of(ctx, g.patience))
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy()
	case <-ctx.Done():
		return errBusy()
	}
}

func (g *gate) leave() { <-g.slots }

func errBusy() error {
	e := errs.New(errs.Unavailable, "The service is busy. Repeat the request in a moment.")
	e.RetryAfter = time.Second
	return e
}
