package engine

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// A held payment is being paid by a scan, or was paid outside the provider. Its own session at the provider is closed first, so
// that nobody can pay twice. Whoever drives the holder closes the session, step by step; each step is idempotent.

// startScan closes the session of the gateway payment and then requests the scan, as far as possible now. A scan that has lost
// its hold ends.
func (e *Engine) startScan(ctx context.Context, s payment.Payment) payment.Payment {
	if e.now().After(s.ExpiresAt) {
		return e.end(ctx, s, payment.Change{To: payment.Failed, Failure: payment.FailureExpired, Cause: payment.CauseExpiry})
	}
	g, err := e.store.ByReference(ctx, s.GatewayReference)
	if err != nil {
		e.log.ErrorContext(ctx, "gateway payment not read, retrying", "reference", s.Reference, "error", err)
		return e.reschedule(ctx, s, e.closeRetryDelay())
	}
	if g.PaidBy == s.Reference {
		g = e.closeSession(ctx, g)
	}
	switch {
	case g.PaidBy != s.Reference:
		return e.end(ctx, s, payment.Change{To: payment.Failed, Failure: lostHoldFailure(g), Cause: payment.CauseScan})
	case g.OwnSession != payment.SessionClosed:
		return e.reschedule(ctx, s, e.closeRetryDelay())
	}
	ok, err := e.store.MarkScanRequested(ctx, s.Reference, e.cfg.Lease)
	if err != nil || !ok {
		if err != nil {
			e.log.ErrorContext(ctx, "scan not started, retrying", "reference", s.Reference, "error", err)
		}
		return s
	}
	return e.Request(ctx, s)
}

// closeRetryDelay is the delay before closing a session is retried.
func (e *Engine) closeRetryDelay() time.Duration { return e.cfg.LookupWindow / 30 }

// lostHoldFailure returns the failure of a scan that lost its hold.
func lostHoldFailure(g payment.Payment) string {
	switch {
	case g.Status == payment.Completed || g.Status == payment.Refunded:
		return payment.FailureAlreadyPaid
	case g.Detail == payment.DetailBankProcessing || g.Detail == payment.DetailAcceptedByBank || g.Detail == payment.DetailCancelling:
		return payment.FailureAlreadyPaid
	default:
		return payment.FailureInProgress
	}
}

// closeSession performs the next step to close the session of a held payment and returns the updated payment: with a closed
// session; released, because the payer authorised first or the bank does not cancel; or unchanged.
func (e *Engine) closeSession(ctx context.Context, g payment.Payment) payment.Payment {
	if !g.Held() || g.OwnSession == payment.SessionClosed {
		return g
	}
	prov, err := e.Provider(g.Livemode)
	switch {
	case err != nil:
		return g
	case g.ProviderID == "" && g.RequestedAt == nil:
		return e.closeUnrequested(ctx, g)
	case g.ProviderID == "":
		return e.lookup(ctx, prov, g) // the provider may have the payment
	}
	g, state := e.readHeldSession(ctx, prov, g)
	if !cancellable(g, state) {
		return g
	}
	result, err := prov.CancelPayment(ctx, g.ProviderID, g.Reference)
	switch {
	case powens.IsRefused(err):
		if g, state = e.readHeldSession(ctx, prov, g); cancellable(g, state) {
			return e.releaseHold(ctx, g)
		}
		return g
	case err != nil:
		e.log.WarnContext(ctx, "session not closed yet", "reference", g.Reference, "error", err)
		return g
	case result.Outcome == powens.NotSupported:
		return e.releaseHold(ctx, g)
	default:
		return e.applyToHeld(ctx, g, result.Payment)
	}
}

// cancellable reports whether the payer can still authorise at the payment's own session and has not done so. A payment that the
// bank already has is never cancelled for a scan.
func cancellable(g payment.Payment, state powens.State) bool {
	open := state == powens.Created || state == powens.Validating
	return open && g.Held() && g.OwnSession != payment.SessionClosed
}

func (e *Engine) readHeldSession(ctx context.Context, prov Provider, g payment.Payment) (payment.Payment, powens.State) {
	seen, err := prov.GetPayment(ctx, g.ProviderID)
	if err != nil {
		e.log.WarnContext(ctx, "session of held payment not read", "reference", g.Reference, "error", err)
		return g, ""
	}
	return e.applyToHeld(ctx, g, seen), seen.State
}

func (e *Engine) applyToHeld(ctx context.Context, g payment.Payment, seen powens.Payment) payment.Payment {
	after, err := e.Observe(ctx, g.Reference, seen, "", payment.CauseProvider)
	if err != nil {
		e.log.ErrorContext(ctx, "session of held payment not recorded, retrying", "reference", g.Reference, "error", err)
		return g
	}
	return after
}

// closeUnrequested closes the session of a payment that was never requested, which prevents any later request.
func (e *Engine) closeUnrequested(ctx context.Context, g payment.Payment) payment.Payment {
	return e.updateHeld(ctx, g, func(q *payment.Payment) payment.Step {
		if q.ProviderID != "" || q.RequestedAt != nil {
			return payment.Untouched
		}
		return payment.Changed(markSessionClosed(q, payment.CauseProvider))
	})
}

// releaseHold releases a payment whose own session the bank does not close.
func (e *Engine) releaseHold(ctx context.Context, g payment.Payment) payment.Payment {
	return e.updateHeld(ctx, g, func(q *payment.Payment) payment.Step {
		c := payment.Change{To: q.Status, Cause: payment.CauseScan}
		if q.Received.By != "" {
			c.Cause = payment.CauseMerchant
		}
		q.ReleaseHold()
		due := e.now().UTC()
		q.DueAt = &due
		return payment.Changed(c)
	})
}

// updateHeld updates a payment if it is still held by the same holder and its session is not closed.
func (e *Engine) updateHeld(ctx context.Context, g payment.Payment, fn func(*payment.Payment) payment.Step) payment.Payment {
	after, err := e.store.Update(ctx, g.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if !q.Held() || q.PaidBy != g.PaidBy || q.Received.By != g.Received.By || q.OwnSession == payment.SessionClosed {
			return payment.Untouched
		}
		return fn(q)
	})
	if err != nil {
		e.log.ErrorContext(ctx, "held payment not updated, retrying", "reference", g.Reference, "error", err)
		return g
	}
	return after
}

// markSessionClosed marks the session as closed. The status does not change.
func markSessionClosed(q *payment.Payment, cause string) payment.Change {
	q.OwnSession, q.RequestedAt = payment.SessionClosed, nil
	detail := q.Detail
	if !q.Held() {
		detail = ""
	}
	return payment.Change{To: q.Status, Detail: detail, Cause: cause}
}

// closesSession reports whether the provider says that nobody can pay any more at a session that a holder wanted to close. This
// may become known only after the holder was released.
func closesSession(p payment.Payment, seen powens.Payment) bool {
	switch seen.State {
	case powens.Rejected:
		holderReleased := p.OwnSession == payment.SessionClosing && !p.CancelRequested && p.Detail != payment.DetailExpiring
		return p.Held() || holderReleased && payment.Cancellation(seen.ErrorCode)
	case powens.Expired:
		return p.Held()
	default:
		return false
	}
}

// atBank reports whether the payer has authorised. Then the payment proceeds, whoever holds it.
func atBank(state powens.State) bool {
	return state == powens.Pending || state == powens.Done || state == powens.Accepted
}

// processHeld performs the next step for a due held payment. A scan drives both itself and the session of the payment it holds.
func (e *Engine) processHeld(ctx context.Context, p payment.Payment) payment.Payment {
	if p.PaidBy != "" {
		return e.reschedule(ctx, p, e.cfg.QuietMax)
	}
	p = e.closeSession(ctx, p)
	switch {
	case !p.Held():
		return p
	case p.OwnSession != payment.SessionClosed:
		return e.reschedule(ctx, p, e.closeRetryDelay())
	}
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		c := payment.Change{
			To: payment.Completed, Cause: payment.CauseMerchant, Actor: q.Received.By, Note: q.Received.Note,
			Event: payment.EventType(q.Kind, payment.Completed),
		}
		return payment.ChangedIf(c, q.Held() && q.Received.By != "" && q.OwnSession == payment.SessionClosed)
	})
	if err != nil {
		e.log.ErrorContext(ctx, "confirmed payment not completed, retrying", "reference", p.Reference, "error", err)
		return e.reschedule(ctx, p, e.closeRetryDelay())
	}
	return after
}

// Receive closes the session of a payment that the merchant says was paid elsewhere, and completes the payment, as far as
// possible now. It returns INVALID_STATE if the payer has authorised instead.
func (e *Engine) Receive(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	p = e.processHeld(ctx, p)
	if p.Held() || p.Status == payment.Completed && p.Received.By != "" {
		return p, nil
	}
	return p, errs.New(errs.InvalidState, "The payer is already paying this at the bank. Wait for the outcome.")
}

// processClosed performs the next step for a payment that has no holder and whose session is closed: it may be scanned until it
// expires.
func (e *Engine) processClosed(ctx context.Context, p payment.Payment) payment.Payment {
	switch {
	case p.CancelRequested:
		return e.end(ctx, p, payment.Change{To: payment.Cancelled, Failure: "cancelled_by_client", Cause: payment.CauseAPI})
	case e.now().After(p.ExpiresAt):
		return e.end(ctx, p, payment.Change{To: payment.Failed, Failure: payment.FailureExpired, Cause: payment.CauseExpiry})
	default:
		return e.reschedule(ctx, p, p.ExpiresAt.Sub(e.now())+time.Second)
	}
}
