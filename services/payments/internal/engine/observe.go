package engine

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Observe applies what the provider says of a payment. url is the payer's URL when it is new.
func (e *Engine) Observe(ctx context.Context, reference string, seen powens.Payment, url, cause string) (payment.Payment, error) {
	scan := ""
	after, err := e.store.Update(ctx, reference, store.Meta{}, func(p *payment.Payment) payment.Step {
		if p.Status.Final() || (p.ProviderID != "" && p.ProviderID != seen.ID) {
			return payment.Untouched
		}
		if p.OwnSession == payment.SessionClosed {
			if atBank(seen.State) {
				e.log.Error("provider shows money at a session that it had closed", "reference", reference, "state", seen.State)
			}
			return payment.Untouched
		}
		scan = p.PaidBy
		return e.observe(p, seen, url, cause)
	})
	if err != nil {
		return payment.Payment{}, fmt.Errorf("apply provider state to payment %s: %w", reference, err)
	}
	if scan != "" && (after.PaidBy == "" || after.OwnSession == payment.SessionClosed) {
		if err := e.store.WakeScan(ctx, scan); err != nil {
			e.log.Warn("scan not woken, its lease will end", "reference", scan, "error", err)
		}
	}
	return after, nil
}

func (e *Engine) observe(p *payment.Payment, seen powens.Payment, url, cause string) payment.Step {
	p.ProviderID, p.RequestedAt = seen.ID, nil
	if url != "" && !p.Held() {
		p.PaymentURL = url
	}
	if p.Kind == payment.KindPayment && seen.Payer != nil && seen.Payer.IBAN != "" {
		p.Payer.Name, p.Payer.IBAN, p.Payer.BIC = seen.Payer.Label, seen.Payer.IBAN, seen.Payer.BIC
	}
	o := observation(*p, seen)
	if p.PaymentURL == "" && seen.State == "created" && !p.Held() && o.Shown == "" && !o.Unreadable { // pending until the payer can be sent somewhere
		due := e.now().UTC().Add(time.Second)
		p.DueAt = &due
		return payment.Noted
	}
	if o.Shown != "" || o.Unreadable {
		e.log.Error("provider shows another amount, payment is held", "reference", p.Reference, "ours", p.Amount.String(), "theirs", o.Shown)
	}
	switch {
	case closes(*p, seen):
		c := closed(p, cause)
		c.ProviderState, c.ProviderRaw = string(seen.State), seen.Raw
		return payment.Changed(c)
	case p.Held() && atBank(seen.State):
		p.LetGo()
	case p.Held():
		p.ProviderState = string(seen.State)
		return payment.Noted
	}
	c, changed := payment.Decide(*p, o, cause)
	if changed {
		p.QuietPolls = 0
	}
	due := e.now().UTC().Add(e.backoff(e.cfg.QuietFirst, e.cfg.QuietMax, p.QuietPolls))
	if end := p.ExpiresAt.Add(time.Second); p.Scanned() && e.now().Before(p.ExpiresAt) && end.Before(due) {
		due = end // what a customer scanned is not blocked for longer than it must be
	}
	p.DueAt, p.QuietPolls = &due, p.QuietPolls+1
	e.noteWaits(p, c, seen)
	if !changed {
		return e.stalled(p)
	}
	return payment.Changed(c)
}

// observation is what the provider says of the payment, with the amount that it shows where that is not ours.
func observation(p payment.Payment, seen powens.Payment) payment.Observation {
	return payment.Observation{
		State: string(seen.State), StateDetail: seen.StateDetail, ErrorCode: seen.ErrorCode, Raw: seen.Raw,
		Shown: shown(p, seen), Unreadable: seen.Amount == 0,
	}
}

// shown is the amount with its currency that the provider shows instead of the payment's; empty when it shows that, or
// none that can be read.
func shown(p payment.Payment, seen powens.Payment) string {
	if seen.Amount == 0 || seen.Amount == p.Amount && (seen.Currency == "" || seen.Currency == p.Currency) {
		return ""
	}
	return seen.Amount.String() + " " + seen.Currency
}
