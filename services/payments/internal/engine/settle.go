package engine

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// A state that the provider calls final is not always an outcome: some banks only accept and report nothing further, and a bank
// that shows another amount did not execute this payment. In both cases the merchant reports whether the money arrived; if it
// does not, a deadline decides.

// updateWaits records whom the payment waits for after the change c: the merchant's confirmation, or the payer's approval of a
// cancellation.
func (e *Engine) updateWaits(p *payment.Payment, c payment.Change, seen powens.Payment) {
	switch {
	case c.Detail != payment.DetailCancelling:
		p.ApprovalURL = ""
	case seen.ValidateURI != "":
		p.ApprovalURL = seen.ValidateURI
	}
	lastWord := seen.State == powens.Accepted || seen.State == powens.Done
	waits := c.Detail == payment.DetailAcceptedByBank || c.Detail == payment.DetailMismatch
	if c.To.Final() || p.Kind != payment.KindPayment || !lastWord || !waits {
		p.SettleBy = nil
		return
	}
	e.awaitConfirmation(p)
}

// awaitConfirmation sets the deadline of a payment that waits for the merchant's confirmation, and its due time. There is nothing
// more to read from the provider.
func (e *Engine) awaitConfirmation(p *payment.Payment) {
	now, as := e.now().UTC(), *p
	if p.SettleBy == nil {
		by := now.Add(e.cfg.SettlementWait)
		p.SettleBy, as.UpdatedAt = &by, now
	}
	p.CancelRequested = false // a payment that the bank has executed cannot be cancelled
	due := *p.SettleBy
	if from := e.stalledFrom(as); p.StalledAt == nil && from.After(now) && from.Before(due) {
		due = from
	}
	p.DueAt = &due
}

// Settle ends a payment as the merchant reports, when only the merchant can know whether the money arrived. A payment that is
// paid by a scan ends through the scan. It returns INVALID_STATE for any other payment.
func (e *Engine) Settle(ctx context.Context, p payment.Payment, w payment.SettlementReport, meta store.Meta) (payment.Payment, error) {
	of := p.Reference
	if p.PaidBy != "" {
		of = p.PaidBy
	}
	var refused error
	after, err := e.store.Update(ctx, of, meta, func(q *payment.Payment) payment.Step {
		if !q.AwaitingConfirmation() {
			refused = errs.New(errs.InvalidState, "This payment does not need your confirmation: the bank reports its outcome.")
			return payment.Untouched
		}
		var c payment.Change
		c, refused = payment.Settle(*q, w)
		return payment.ChangedIf(c, refused == nil)
	})
	if err != nil {
		return p, fmt.Errorf("settle payment %s: %w", p.Reference, err)
	}
	if refused != nil || of == p.Reference {
		return after, refused
	}
	return e.store.ByReference(ctx, p.Reference)
}

// processAwaiting performs the next step for a payment that waits for the merchant's confirmation: it applies the deadline or
// announces that the payment is stalled.
func (e *Engine) processAwaiting(ctx context.Context, p payment.Payment) payment.Payment {
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if !q.AwaitingConfirmation() {
			return payment.Untouched
		}
		if !e.now().Before(*q.SettleBy) {
			return payment.Changed(payment.SettleByDeadline(*q))
		}
		step := e.markStalled(q)
		e.awaitConfirmation(q)
		return step
	})
	if err != nil {
		e.log.ErrorContext(ctx, "payment awaiting confirmation not processed, due again when its lease ends", "reference", p.Reference, "error", err)
		return p
	}
	return after
}
