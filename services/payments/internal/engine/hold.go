package engine

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// A held payment is paid by a scan, or its money came outside. Its own session at the provider is closed first, so that
// nobody can pay there too; whoever drives the holder drives that, one step at a time, and each step may be repeated.

// startScan closes the gateway payment's own session and then requests the scan, as far as it gets now. A scan that lost
// its hold ends.
func (e *Engine) startScan(ctx context.Context, s payment.Payment) payment.Payment {
	if e.now().After(s.ExpiresAt) {
		return e.end(ctx, s, payment.Change{To: payment.Failed, Failure: payment.FailureExpired, Cause: payment.CauseExpiry})
	}
	g, err := e.store.ByReference(ctx, s.GatewayReference)
	if err != nil {
		e.log.Error("gateway payment not read, trying again", "reference", s.Reference, "error", err)
		return e.again(ctx, s, e.closeAgain())
	}
	if g.PaidBy == s.Reference {
		g = e.closeSession(ctx, g)
	}
	switch {
	case g.PaidBy != s.Reference:
		return e.end(ctx, s, payment.Change{To: payment.Failed, Failure: lostTo(g), Cause: payment.CauseScan})
	case g.OwnSession != payment.SessionClosed:
		return e.again(ctx, s, e.closeAgain())
	}
	ok, err := e.store.MarkScanRequested(ctx, s.Reference, e.cfg.Lease)
	if err != nil || !ok {
		if err != nil {
			e.log.Error("scan not started, trying again", "reference", s.Reference, "error", err)
		}
		return s
	}
	return e.Request(ctx, s)
}

// closeAgain is when a session that is not closed yet is tried again.
func (e *Engine) closeAgain() time.Duration { return e.cfg.LookupWindow / 30 }

// lostTo says why a scan lost the payment that it held.
func lostTo(g payment.Payment) string {
	switch {
	case g.Status == payment.Completed || g.Status == payment.Refunded:
		return payment.FailureAlreadyPaid
	case g.Detail == payment.DetailBankProcessing || g.Detail == payment.DetailAcceptedByBank || g.Detail == payment.DetailCancelling:
		return payment.FailureAlreadyPaid
	default:
		return payment.FailureInProgress
	}
}

// closeSession does the next thing to close the own session of a held payment, and returns the payment as it is then: with
// a closed session, not held any more because the payer was faster or the bank does not cancel, or as before.
func (e *Engine) closeSession(ctx context.Context, g payment.Payment) payment.Payment {
	if !g.Held() || g.OwnSession == payment.SessionClosed {
		return g
	}
	prov, err := e.Provider(g.Livemode)
	switch {
	case err != nil:
		return g
	case g.ProviderID == "" && g.RequestedAt == nil:
		return e.neverOpened(ctx, g)
	case g.ProviderID == "":
		return e.lookup(ctx, prov, g) // the provider may have it
	}
	g, state := e.readHeld(ctx, prov, g)
	if !cancellable(g, state) {
		return g
	}
	result, err := prov.CancelPayment(ctx, g.ProviderID, g.Reference)
	switch {
	case powens.IsRefused(err):
		if g, state = e.readHeld(ctx, prov, g); cancellable(g, state) {
			return e.letGo(ctx, g)
		}
		return g
	case err != nil:
		e.log.Warn("session not closed yet", "reference", g.Reference, "error", err)
		return g
	case result.Outcome == powens.NotSupported:
		return e.letGo(ctx, g)
	default:
		return e.observedHeld(ctx, g, result.Payment)
	}
}

// cancellable: the payer may still authorise at the own session, and has not done so. What the bank has already is the
// payer's will and never cancelled for a scan.
func cancellable(g payment.Payment, state powens.State) bool {
	open := state == powens.Created || state == powens.Validating
	return open && g.Held() && g.OwnSession != payment.SessionClosed
}

func (e *Engine) readHeld(ctx context.Context, prov Provider, g payment.Payment) (payment.Payment, powens.State) {
	seen, err := prov.GetPayment(ctx, g.ProviderID)
	if err != nil {
		e.log.Warn("session of a held payment not read", "reference", g.Reference, "error", err)
		return g, ""
	}
	return e.observedHeld(ctx, g, seen), seen.State
}

func (e *Engine) observedHeld(ctx context.Context, g payment.Payment, seen powens.Payment) payment.Payment {
	after, err := e.Observe(ctx, g.Reference, seen, "", payment.CauseProvider)
	if err != nil {
		e.log.Error("session of a held payment not recorded, trying again", "reference", g.Reference, "error", err)
		return g
	}
	return after
}

// neverOpened closes the session of a payment that was certainly never requested: from now on it never will be.
func (e *Engine) neverOpened(ctx context.Context, g payment.Payment) payment.Payment {
	return e.changeHeld(ctx, g, func(q *payment.Payment) payment.Step {
		if q.ProviderID != "" || q.RequestedAt != nil {
			return payment.Untouched
		}
		return payment.Changed(closed(q, payment.CauseProvider))
	})
}

// letGo gives a payment back to its own session, which the bank does not close.
func (e *Engine) letGo(ctx context.Context, g payment.Payment) payment.Payment {
	return e.changeHeld(ctx, g, func(q *payment.Payment) payment.Step {
		c := payment.Change{To: q.Status, Cause: payment.CauseScan}
		if q.Received.By != "" {
			c.Cause = payment.CauseMerchant
		}
		q.LetGo()
		due := e.now().UTC()
		q.DueAt = &due
		return payment.Changed(c)
	})
}

// changeHeld changes a payment that is still held by the same and whose session is not closed.
func (e *Engine) changeHeld(ctx context.Context, g payment.Payment, fn func(*payment.Payment) payment.Step) payment.Payment {
	after, err := e.store.Update(ctx, g.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if !q.Held() || q.PaidBy != g.PaidBy || q.Received.By != g.Received.By || q.OwnSession == payment.SessionClosed {
			return payment.Untouched
		}
		return fn(q)
	})
	if err != nil {
		e.log.Error("held payment not changed, trying again", "reference", g.Reference, "error", err)
		return g
	}
	return after
}

// closed marks the session as closed. The payment stays what it is.
func closed(q *payment.Payment, cause string) payment.Change {
	q.OwnSession, q.RequestedAt = payment.SessionClosed, nil
	detail := q.Detail
	if !q.Held() {
		detail = ""
	}
	return payment.Change{To: q.Status, Detail: detail, Cause: cause}
}

// closes reports whether the provider says that nobody can pay at the session of a payment for which a holder wanted it
// closed. The cancellation may come to light only after the holder let go.
func closes(p payment.Payment, seen powens.Payment) bool {
	switch seen.State {
	case powens.Rejected:
		late := p.OwnSession == payment.SessionClosing && !p.CancelRequested && p.Detail != payment.DetailExpiring
		return p.Held() || late && payment.Cancellation(seen.ErrorCode)
	case powens.Expired:
		return p.Held()
	default:
		return false
	}
}

// atBank reports whether the payer has authorised: then the payment goes its own way, whoever holds it.
func atBank(state powens.State) bool {
	return state == powens.Pending || state == powens.Done || state == powens.Accepted
}

// heldTouch is the next thing for a held payment that is due. A scan drives itself and the session of what it holds.
func (e *Engine) heldTouch(ctx context.Context, p payment.Payment) payment.Payment {
	if p.PaidBy != "" {
		return e.again(ctx, p, e.cfg.QuietMax)
	}
	p = e.closeSession(ctx, p)
	switch {
	case !p.Held():
		return p
	case p.OwnSession != payment.SessionClosed:
		return e.again(ctx, p, e.closeAgain())
	}
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		c := payment.Change{
			To: payment.Completed, Cause: payment.CauseMerchant, Actor: q.Received.By, Note: q.Received.Note,
			Event: payment.EventType(q.Kind, payment.Completed),
		}
		return payment.ChangedIf(c, q.Held() && q.Received.By != "" && q.OwnSession == payment.SessionClosed)
	})
	if err != nil {
		e.log.Error("confirmed payment not completed, trying again", "reference", p.Reference, "error", err)
		return e.again(ctx, p, e.closeAgain())
	}
	return after
}

// Receive closes the session of a payment that the merchant says was paid elsewhere, and completes it, as far as it gets
// now. INVALID_STATE when the payment went its own way instead.
func (e *Engine) Receive(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	p = e.heldTouch(ctx, p)
	if p.Held() || p.Status == payment.Completed && p.Received.By != "" {
		return p, nil
	}
	return p, errs.New(errs.InvalidState, "The payer is paying this at the bank already. Wait for the outcome.")
}

// closedTouch is the next thing for a payment that nobody holds and whose own session is closed: it may be scanned until
// it expires.
func (e *Engine) closedTouch(ctx context.Context, p payment.Payment) payment.Payment {
	switch {
	case p.CancelRequested:
		return e.end(ctx, p, payment.Change{To: payment.Cancelled, Failure: "cancelled_by_client", Cause: payment.CauseAPI})
	case e.now().After(p.ExpiresAt):
		return e.end(ctx, p, payment.Change{To: payment.Failed, Failure: payment.FailureExpired, Cause: payment.CauseExpiry})
	default:
		return e.again(ctx, p, p.ExpiresAt.Sub(e.now())+time.Second)
	}
}
