package engine

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Process performs the next step for a due payment. The caller holds its lease.
func (e *Engine) Process(ctx context.Context, p payment.Payment) payment.Payment {
	prov, err := e.Provider(p.Livemode)
	if err != nil {
		return e.reschedule(ctx, p, e.cfg.QuietMax)
	}
	switch {
	case p.Held():
		return e.processHeld(ctx, p)
	case p.AwaitingConfirmation():
		return e.processAwaiting(ctx, p)
	case p.OwnSession == payment.SessionClosed:
		return e.processClosed(ctx, p)
	case p.ProviderID == "" && p.RequestedAt == nil && p.Origin == payment.OriginScan:
		return e.startScan(ctx, p)
	case p.ProviderID == "" && p.RequestedAt == nil:
		return e.start(ctx, p)
	case p.ProviderID == "":
		return e.lookup(ctx, prov, p)
	case p.CancelRequested:
		after, _, err := e.Cancel(ctx, p)
		if err != nil {
			e.log.WarnContext(ctx, "cancellation not completed, retrying", "reference", p.Reference, "error", err)
		}
		return after
	case e.expired(p):
		return e.expire(ctx, prov, p)
	default:
		return e.refresh(ctx, prov, p, payment.CauseReconciler)
	}
}

// start requests a payment that was certainly never requested, or ends it if it was cancelled or has expired.
func (e *Engine) start(ctx context.Context, p payment.Payment) payment.Payment {
	if p.CancelRequested {
		return e.end(ctx, p, payment.Change{To: payment.Cancelled, Failure: "cancelled_by_client", Cause: payment.CauseAPI})
	}
	if e.now().After(p.ExpiresAt) {
		return e.end(ctx, p, payment.Change{To: payment.Failed, Failure: payment.FailureExpired, Cause: payment.CauseExpiry})
	}
	ok, err := e.store.MarkRequested(ctx, p.Reference, e.cfg.Lease)
	if err != nil || !ok {
		if err != nil {
			e.log.ErrorContext(ctx, "payment not started, retrying", "reference", p.Reference, "error", err)
		}
		return p
	}
	return e.Request(ctx, p)
}

// lookup finds out whether a create with an unknown outcome took effect.
func (e *Engine) lookup(ctx context.Context, prov Provider, p payment.Payment) payment.Payment {
	found, err := prov.FindByReference(ctx, p.Reference)
	if err != nil {
		after, _ := e.recordReadFailure(ctx, p, err)
		return after
	}
	if len(found) == 0 {
		return e.handleNotFound(ctx, p)
	}
	kept := chooseProviderPayment(found)
	e.cancelOthers(ctx, prov, p, found, kept.ID)
	return e.finishOpening(ctx, prov, p, kept)
}

// Refresh reads the payment from the provider and applies its state. An error means that nothing could be recorded, not even when to read it
// again: a caller that does not hold its lease must call again.
func (e *Engine) Refresh(ctx context.Context, p payment.Payment, cause string) (payment.Payment, error) {
	prov, err := e.Provider(p.Livemode)
	if err != nil || p.ProviderID == "" || p.Status.Final() || p.OwnSession == payment.SessionClosed {
		return p, nil //nolint:nilerr // without a provider there is nothing to read
	}
	return e.readState(ctx, prov, p, cause)
}

// refresh is Refresh for a payment whose lease the caller holds, or which is due soon.
func (e *Engine) refresh(ctx context.Context, prov Provider, p payment.Payment, cause string) payment.Payment {
	after, _ := e.readState(ctx, prov, p, cause)
	return after
}

func (e *Engine) readState(ctx context.Context, prov Provider, p payment.Payment, cause string) (payment.Payment, error) {
	seen, err := prov.GetPayment(ctx, p.ProviderID)
	if err != nil {
		return e.recordReadFailure(ctx, p, err)
	}
	if p.Creates > 1 {
		e.cancelDuplicates(ctx, prov, p)
	}
	if p.PaymentURL == "" && !p.Held() {
		return e.finishOpening(ctx, prov, p, seen), nil
	}
	after, err := e.Observe(ctx, p.Reference, seen, "", cause)
	if err != nil {
		e.log.ErrorContext(ctx, "provider state not applied, retrying", "reference", p.Reference, "error", err)
		return p, e.setDue(ctx, p, e.cfg.SweepEvery)
	}
	return after, nil
}

// recordReadFailure reschedules a payment that could not be read, and announces it as stalled if necessary.
func (e *Engine) recordReadFailure(ctx context.Context, p payment.Payment, cause error) (payment.Payment, error) {
	e.log.WarnContext(ctx, "payment not read from the provider", "reference", p.Reference, "error", cause)
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() {
			return payment.Untouched
		}
		due := e.now().UTC().Add(max(retryAfter(cause), e.backoff(e.cfg.QuietFirst/10, e.cfg.QuietMax, q.QuietPolls)))
		q.DueAt, q.QuietPolls = &due, q.QuietPolls+1
		return e.markStalled(q)
	})
	if err != nil {
		e.log.ErrorContext(ctx, "due time not set, due again when the lease ends", "reference", p.Reference, "error", err)
		return p, fmt.Errorf("reschedule payment %s: %w", p.Reference, err)
	}
	return after, nil
}

func (e *Engine) expired(p payment.Payment) bool {
	return p.ProviderState == "created" && e.now().After(p.ExpiresAt)
}

// expire cancels a payment at the provider that nobody authorised in time. The payment is final only when the provider says so:
// until then the payer could still have authorised it.
func (e *Engine) expire(ctx context.Context, prov Provider, p payment.Payment) payment.Payment {
	p, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Held() || q.OwnSession == payment.SessionClosed {
			return payment.Untouched
		}
		if q.Status.Final() {
			return payment.Untouched
		}
		due := e.now().UTC().Add(e.cfg.QuietMax)
		q.DueAt = &due
		if q.Detail == payment.DetailExpiring {
			return payment.Noted
		}
		return payment.Changed(payment.Change{To: q.Status, Detail: payment.DetailExpiring, Cause: payment.CauseExpiry})
	})
	if err != nil || p.Status.Final() || p.Detail != payment.DetailExpiring {
		return p
	}
	result, err := prov.CancelPayment(ctx, p.ProviderID, p.Reference)
	if err != nil || result.Outcome != powens.Cancelled {
		return e.refresh(ctx, prov, p, payment.CauseExpiry)
	}
	after, err := e.Observe(ctx, p.Reference, result.Payment, "", payment.CauseExpiry)
	if err != nil {
		e.log.ErrorContext(ctx, "expiry not recorded, retrying", "reference", p.Reference, "error", err)
		return p
	}
	return after
}
