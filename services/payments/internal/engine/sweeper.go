package engine

import (
	"context"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

const (
	sweepBatch = 256
	purgeEvery = 10 * time.Minute
)

// Sweep comes back to every payment that is due until ctx ends; notify gets each payment that was touched. A step that was begun is
// finished also when the service stops.
func (e *Engine) Sweep(ctx context.Context, notify func(payment.Payment)) error {
	var purging sync.WaitGroup
	defer purging.Wait()
	purging.Go(func() { due.Every(ctx, purgeEvery, "purge of idempotency keys", e.log, e.store.PurgeClaims) })
	return due.New(due.Config[payment.Payment]{
		What: "payments", Every: e.cfg.SweepEvery, AtOnce: sweepBatch, Within: e.WorkTimeout(), Grace: e.WorkTimeout(), Log: e.log,
		Claim: func(ctx context.Context, limit int) ([]payment.Payment, error) {
			return e.store.ClaimDue(ctx, limit, e.cfg.Lease)
		},
		Do: func(ctx context.Context, p payment.Payment) { notify(e.Touch(ctx, p)) },
	}).Run(ctx)
}

// WorkTimeout bounds one step of work on a payment: it ends before the lease does.
func (e *Engine) WorkTimeout() time.Duration { return e.cfg.Lease * 9 / 10 }

// Release gives a payment back that was recorded as requested but not sent for want of a free slot.
func (e *Engine) Release(ctx context.Context, p payment.Payment) payment.Payment {
	return e.postpone(ctx, p, 0, errBusy)
}
