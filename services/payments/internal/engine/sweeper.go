package engine

import (
	"context"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

const (
	sweepBatch = 256
	purgeEvery = 10 * time.Minute
)

// Sweep processes every due payment until ctx ends and calls notify with each. A step in progress is completed during shutdown.
func (e *Engine) Sweep(ctx context.Context, notify func(payment.Payment)) error {
	var purging sync.WaitGroup
	defer purging.Wait()
	purging.Go(func() { due.Every(ctx, purgeEvery, "purge of idempotency keys", e.log, e.store.PurgeClaims) })
	return due.New(due.Config[payment.Payment]{
		What: "payments", Every: e.cfg.SweepEvery, AtOnce: sweepBatch, Within: e.WorkTimeout(), Grace: e.WorkTimeout(), Watch: e.store.Watch(), Log: e.log,
		Claim: func(ctx context.Context, limit int) ([]payment.Payment, error) {
			return e.store.ClaimDue(ctx, limit, e.cfg.Lease)
		},
		Cause: func(p payment.Payment) string { return p.Trace },
		Do: func(ctx context.Context, p payment.Payment) {
			trace.Current(ctx).Set(trace.Reference(p.Reference), trace.Merchant(p.MerchantID), trace.Livemode(p.Livemode))
			notify(e.Process(ctx, p))
		},
	}).Run(ctx)
}

// WorkTimeout is the deadline of one step of work on a payment. It ends before the lease.
func (e *Engine) WorkTimeout() time.Duration { return e.cfg.Lease * 9 / 10 }

// Release reschedules a payment that was recorded as requested but not sent because no slot was free.
func (e *Engine) Release(ctx context.Context, p payment.Payment) payment.Payment {
	return e.postpone(ctx, p, 0, errBusy)
}
