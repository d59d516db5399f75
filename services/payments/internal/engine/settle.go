package engine

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// What the provider calls final is not always an outcome: a bank that only accepts reports nothing further, and one that
// shows another amount did not execute this payment. Then the merchant says whether the money came, and a deadline decides
// when nobody does.

// noteWaits keeps on the payment whom it waits for after the change c: its merchant's word, or the payer's approval of a
// cancellation.
func (e *Engine) noteWaits(p *payment.Payment, c payment.Change, seen powens.Payment) {
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
	e.awaitWord(p)
}

// awaitWord sets the deadline of a payment that waits for its merchant's word, and when it is looked at again: there is
// nothing more to ask the provider.
func (e *Engine) awaitWord(p *payment.Payment) {
	now, as := e.now().UTC(), *p
	if p.SettleBy == nil {
		by := now.Add(e.cfg.SettlementWait)
		p.SettleBy, as.UpdatedAt = &by, now
	}
	p.CancelRequested = false // what the bank has executed is not cancelled any more
	due := *p.SettleBy
	if from := e.stalledFrom(as); p.StalledAt == nil && from.After(now) && from.Before(due) {
		due = from
	}
	p.DueAt = &due
}

// Settle ends a payment by its merchant's word, when only the merchant can know whether the money came. A payment that a
// scan pays ends through the scan. INVALID_STATE for any other payment.
func (e *Engine) Settle(ctx context.Context, p payment.Payment, w payment.Word, meta store.Meta) (payment.Payment, error) {
	of := p.Reference
	if p.PaidBy != "" {
		of = p.PaidBy
	}
	var refused error
	after, err := e.store.Update(ctx, of, meta, func(q *payment.Payment) payment.Step {
		if !q.Undecided() {
			refused = errs.New(errs.InvalidState, "Nobody waits for your word on this payment: its outcome is or will be the bank's.")
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

// undecidedTouch is the next thing for a payment that waits for its merchant's word: the deadline, or the news that it
// waits for long.
func (e *Engine) undecidedTouch(ctx context.Context, p payment.Payment) payment.Payment {
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if !q.Undecided() {
			return payment.Untouched
		}
		if !e.now().Before(*q.SettleBy) {
			return payment.Changed(payment.SettleUnsaid(*q))
		}
		step := e.stalled(q)
		e.awaitWord(q)
		return step
	})
	if err != nil {
		e.log.Error("undecided payment not looked at, its lease will end", "reference", p.Reference, "error", err)
		return p
	}
	return after
}
