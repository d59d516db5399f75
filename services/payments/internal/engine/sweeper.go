package engine

import (
	"context"
	"sync"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

const (
	sweepBatch = 256
	purgeEvery = 10 * time.Minute
)

// Sweep comes back to every payment that is due until ctx ends; notify gets each payment that was touched. Any number
// of replicas may sweep: claiming a payment is taking its lease.
func (e *Engine) Sweep(ctx context.Context, notify func(payment.Payment)) error {
	tick := time.NewTicker(e.cfg.SweepEvery)
	defer tick.Stop()
	purge := time.NewTicker(purgeEvery)
	defer purge.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, sweepBatch)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-purge.C:
			if err := e.store.PurgeClaims(ctx); err != nil {
				e.log.Warn("purge", "error", err)
			}
		case <-tick.C:
			e.sweepOnce(ctx, slots, &running, notify)
		}
	}
}

func (e *Engine) sweepOnce(ctx context.Context, slots chan struct{}, running *sync.WaitGroup, notify func(payment.Payment)) {
	for ctx.Err() == nil {
		free := cap(slots) - len(slots)
		if free == 0 {
			return
		}
		due, err := e.store.ClaimDue(ctx, free, e.cfg.Lease)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("look for due payments", "error", err)
			}
			return
		}
		for _, p := range due {
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				// A started step is finished also when the service stops.
				work, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.WorkTimeout())
				defer cancel()
				notify(e.Touch(work, p))
			})
		}
		if len(due) < free {
			return
		}
	}
}

// WorkTimeout bounds one step of work on a payment: it ends before the lease does.
func (e *Engine) WorkTimeout() time.Duration { return e.cfg.Lease * 9 / 10 }

// Release gives a payment back that was recorded as requested but not sent for want of a free slot.
func (e *Engine) Release(ctx context.Context, p payment.Payment) payment.Payment {
	return e.postpone(ctx, p, 0, errBusy)
}
