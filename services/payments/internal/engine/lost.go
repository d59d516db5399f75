package engine

import (
	"context"
	"errors"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// A create without an answer is looked up by its reference before it is sent again. If the payer chooses the bank, nobody has
// received a URL yet, so a duplicate at the provider moves no money: a few look-ups suffice, and a duplicate that appears later
// is cancelled. A transfer from an account that we told the provider may be executed without a payer's visit, so it is looked up
// for the whole window; so is a create that was lost twice.

const (
	// lookupPause and cleanLookups amount to about three seconds, including the sweeper's intervals.
	lookupPause  = 600 * time.Millisecond
	cleanLookups = 3
)

// safeToRepeat reports whether a second provider payment would do no harm.
func safeToRepeat(p payment.Payment) bool {
	return p.Kind != payment.KindRefund && !p.Scanned() && !p.Held() && p.Creates <= 1
}

var errUnknownReference = errors.New("the provider does not know the reference")

// handleNotFound records a look-up that did not find the payment, and requests the payment again after enough of them.
func (e *Engine) handleNotFound(ctx context.Context, p payment.Payment) payment.Payment {
	if !safeToRepeat(p) {
		if e.now().Sub(*p.RequestedAt) < e.cfg.LookupWindow {
			return e.reschedule(ctx, p, e.backoff(e.cfg.LookupWindow/30, e.cfg.LookupWindow/6, p.QuietPolls))
		}
		return e.postpone(ctx, p, 0, errUnknownReference)
	}
	enough := false
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() || q.ProviderID != "" || q.RequestedAt == nil || !safeToRepeat(*q) {
			return payment.Untouched
		}
		q.Lookups++
		due := e.now().UTC().Add(lookupPause)
		if enough = q.Lookups >= cleanLookups; enough {
			due, q.RequestedAt = e.NewDueAt(), nil
		}
		q.DueAt = &due
		return payment.Noted
	})
	if err != nil {
		e.log.ErrorContext(ctx, "look-up not recorded, due again when the lease ends", "reference", p.Reference, "error", err)
		return p
	}
	if !enough {
		return after
	}
	e.log.WarnContext(ctx, "requesting payment again", "reference", p.Reference, "cause", errUnknownReference)
	return e.start(ctx, after)
}

// chooseProviderPayment selects one of several provider payments with the same reference: the one that moves money, if any.
func chooseProviderPayment(found []powens.Payment) powens.Payment {
	for _, p := range found {
		if atBank(p.State) {
			return p
		}
	}
	return found[0]
}

func (e *Engine) cancelOthers(ctx context.Context, prov Provider, p payment.Payment, found []powens.Payment, kept string) {
	for _, extra := range found {
		switch {
		case extra.ID == kept:
		case extra.State == powens.Done || extra.State == powens.Accepted:
			e.log.ErrorContext(ctx, "a second provider payment moved money", "reference", p.Reference, "kept", kept, "extra", extra.ID)
		case !extra.State.Final():
			e.cancelDuplicate(ctx, prov, p, extra.ID)
		}
	}
}

// cancelDuplicates cancels the other provider payments of a payment that was requested more than once.
func (e *Engine) cancelDuplicates(ctx context.Context, prov Provider, p payment.Payment) {
	found, err := prov.FindByReference(ctx, p.Reference)
	if err != nil {
		e.log.WarnContext(ctx, "duplicate provider payments not looked up", "reference", p.Reference, "error", err)
		return
	}
	e.cancelOthers(ctx, prov, p, found, p.ProviderID)
}

// Adopt links a provider payment that we do not know yet to the payment with its reference, if that one is still being opened. If
// it already has another provider payment or has ended, this one is cancelled: nobody has received its URL. It returns
// store.ErrNotFound when the reference is not ours.
func (e *Engine) Adopt(ctx context.Context, livemode bool, providerID string) (payment.Payment, error) {
	prov, err := e.Provider(livemode)
	if err != nil {
		return payment.Payment{}, store.ErrNotFound
	}
	seen, err := prov.GetPayment(ctx, providerID)
	switch {
	case powens.IsRefused(err):
		return payment.Payment{}, store.ErrNotFound
	case err != nil:
		return payment.Payment{}, err
	case seen.ReferenceID == "":
		return payment.Payment{}, store.ErrNotFound
	}
	p, err := e.store.ByReference(ctx, seen.ReferenceID)
	switch {
	case err != nil:
		return payment.Payment{}, err
	case p.Livemode != livemode:
		return payment.Payment{}, store.ErrNotFound
	case p.ProviderID == providerID: // recorded in the meantime
		return e.Refresh(ctx, p, payment.CauseProvider)
	case p.ProviderID != "" || p.Status.Final():
		e.cancelOthers(ctx, prov, p, []powens.Payment{seen}, p.ProviderID)
		return p, nil
	default:
		return e.finishOpening(ctx, prov, p, seen), nil
	}
}
