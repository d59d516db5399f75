package engine

import (
	"context"
	"errors"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// A create without an answer is looked up by the reference that it carried before it is sent again. Of a payment whose
// payer chooses the bank nobody was given a URL yet, so a second one at the provider moves no money: a few look-ups are
// enough, and what shows up later is cancelled. A transfer from an account that the provider was told may be executed
// without anybody's visit, so it is looked up for the whole window; so is one that was lost a second time.

const (
	// lookupPause and cleanLookups make about three seconds with the sweeper's own pauses.
	lookupPause  = 600 * time.Millisecond
	cleanLookups = 3
)

// repeatable reports whether a second provider payment would do no harm.
func repeatable(p payment.Payment) bool {
	return p.Kind == payment.KindPayment && !p.Scanned() && !p.Held() && p.Creates <= 1
}

var errUnknownReference = errors.New("the provider does not know the reference")

// notFound books a look-up that did not find the payment, and requests it again when that is enough.
func (e *Engine) notFound(ctx context.Context, p payment.Payment) payment.Payment {
	if !repeatable(p) {
		if e.now().Sub(*p.RequestedAt) < e.cfg.LookupWindow {
			return e.again(ctx, p, e.backoff(e.cfg.LookupWindow/30, e.cfg.LookupWindow/6, p.QuietPolls))
		}
		return e.postpone(ctx, p, 0, errUnknownReference)
	}
	enough := false
	after, err := e.store.Update(ctx, p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		if q.Status.Final() || q.ProviderID != "" || q.RequestedAt == nil || !repeatable(*q) {
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
		e.log.Error("look-up not noted, the lease will end", "reference", p.Reference, "error", err)
		return p
	}
	if !enough {
		return after
	}
	e.log.Warn("payment is requested again", "reference", p.Reference, "cause", errUnknownReference)
	return e.start(ctx, after)
}

// keep chooses among several provider payments of one reference: the one that moves money, if there is one.
func keep(found []powens.Payment) powens.Payment {
	for _, p := range found {
		if atBank(p.State) {
			return p
		}
	}
	return found[0]
}

func (e *Engine) cancelExtras(ctx context.Context, prov Provider, p payment.Payment, found []powens.Payment, kept string) {
	for _, extra := range found {
		switch {
		case extra.ID == kept:
		case extra.State == powens.Done || extra.State == powens.Accepted:
			e.log.Error("a second provider payment moved money", "reference", p.Reference, "kept", kept, "extra", extra.ID)
		case !extra.State.Final():
			e.cancelExtra(ctx, prov, p, extra.ID)
		}
	}
}

// dropLosers cancels what showed up at the provider after a payment was requested more than once.
func (e *Engine) dropLosers(ctx context.Context, prov Provider, p payment.Payment) {
	found, err := prov.FindByReference(ctx, p.Reference)
	if err != nil {
		e.log.Warn("second provider payments not looked for", "reference", p.Reference, "error", err)
		return
	}
	e.cancelExtras(ctx, prov, p, found, p.ProviderID)
}

// Adopt reads a provider payment that is not linked to any payment yet and links it to the payment with its reference, if that
// is still being opened. If that payment already has another one or has ended, the provider payment is cancelled: its URL was
// given to nobody. The error is store.ErrNotFound when the reference is not ours.
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
	case p.ProviderID == providerID: // recorded meanwhile
		return e.Refresh(ctx, p, payment.CauseProvider), nil
	case p.ProviderID != "" || p.Status.Final():
		e.cancelExtras(ctx, prov, p, []powens.Payment{seen}, p.ProviderID)
		return p, nil
	default:
		return e.finishOpening(ctx, prov, p, seen), nil
	}
}
