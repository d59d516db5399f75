package engine

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Cancel asks the provider to cancel the payment. It returns the updated payment and, if the bank requires it, the URL where the
// payer approves the cancellation. A cancellation with an unknown outcome stays requested and is retried. Errors: INVALID_STATE
// for a final payment, CANCEL_NOT_SUPPORTED when the bank cannot cancel.
func (e *Engine) Cancel(ctx context.Context, p payment.Payment) (payment.Payment, string, error) {
	p, err := e.requestCancel(ctx, p)
	if err != nil || p.Status.Final() {
		return p, "", err
	}
	if p.OwnSession == payment.SessionClosed {
		return e.processClosed(ctx, p), "", nil
	}
	if p.ProviderID == "" {
		if p.RequestedAt == nil {
			return e.start(ctx, p), "", nil
		}
		return p, "", nil // the provider may have the payment; it is cancelled as soon as that is known
	}
	prov, err := e.Provider(p.Livemode)
	if err != nil {
		return p, "", err
	}
	result, err := prov.CancelPayment(ctx, p.ProviderID, p.Reference)
	if err != nil {
		return e.handleCancelError(ctx, prov, p, err)
	}
	return e.applyCancellation(ctx, p, result)
}

// handleCancelError reads the payment after a failed cancellation. A cancellation that the provider refused is withdrawn; one
// with an unknown outcome is retried.
func (e *Engine) handleCancelError(ctx context.Context, prov Provider, p payment.Payment, cause error) (payment.Payment, string, error) {
	after := e.refresh(ctx, prov, p, payment.CauseAPI)
	if after.Status.Final() || !powens.IsRefused(cause) {
		return after, "", checkCancellable(after)
	}
	after, err := e.withdrawCancel(ctx, after)
	if err != nil {
		return after, "", err
	}
	return after, "", errs.New(errs.InvalidState, "The bank does not cancel the %s in its current state. Wait for its outcome.", after.Kind)
}

// checkCancellable returns an error for a payment that ended in another state. Repeating a successful cancellation is not an
// error.
func checkCancellable(p payment.Payment) error {
	if p.Status.Final() && p.Status != payment.Cancelled {
		return errs.New(errs.InvalidState, "The %s is %s and can no longer be cancelled.", p.Kind, p.Status)
	}
	return nil
}

func (e *Engine) requestCancel(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() || q.Held() || q.AwaitingConfirmation() {
			return payment.Untouched
		}
		due := e.NewDueAt()
		q.CancelRequested, q.DueAt = true, &due
		return payment.Noted
	})
	if err != nil {
		return p, fmt.Errorf("request cancellation of payment %s: %w", p.Reference, err)
	}
	switch {
	case after.AwaitingConfirmation():
		return after, errs.New(errs.InvalidState,
			"The bank has executed this payment, so it cannot be cancelled. Report whether the money arrived with confirm-received or confirm-not-received.")
	case after.Held():
		return after, errs.New(errs.InvalidState, "Somebody is paying this right now, so it cannot be cancelled. Wait for the outcome.")
	}
	return after, checkCancellable(after)
}

func (e *Engine) applyCancellation(ctx context.Context, p payment.Payment, result powens.Cancellation) (payment.Payment, string, error) {
	if result.Outcome == powens.NotSupported {
		after, err := e.withdrawCancel(ctx, p)
		if err != nil {
			return p, "", err
		}
		if after.Kind == payment.KindRefund {
			return after, "", errs.New(errs.CancelNotSupported, "Your bank cannot cancel this refund. Wait for its outcome.")
		}
		return after, "", errs.New(errs.CancelNotSupported, "The payer's bank cannot cancel this payment. Wait for its outcome and refund it if it completes.")
	}
	if result.Payment.ValidateURI == "" {
		result.Payment.ValidateURI = result.URL
	}
	after, err := e.Observe(ctx, p.Reference, result.Payment, "", payment.CauseAPI)
	if err != nil {
		return p, "", err
	}
	if after.Status.Final() || result.Outcome != powens.NeedsPayer {
		return after, "", checkCancellable(after)
	}
	// The bank has the request and the payer decides, so it is not sent again.
	after, err = e.withdrawCancel(ctx, after)
	return after, result.URL, err
}

// withdrawCancel stops retrying a cancellation; the payment is still polled.
func (e *Engine) withdrawCancel(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() {
			return payment.Untouched
		}
		due := e.now().UTC().Add(e.backoff(e.cfg.QuietFirst, e.cfg.QuietMax, 0))
		q.CancelRequested, q.DueAt = false, &due
		return payment.Noted
	})
	if err != nil {
		return p, fmt.Errorf("end cancellation of payment %s: %w", p.Reference, err)
	}
	return after, nil
}
