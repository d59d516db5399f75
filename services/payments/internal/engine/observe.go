package engine

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Observe applies the provider's state to a payment. url is the payer's URL if it is new.
func (e *Engine) Observe(ctx context.Context, reference string, seen powens.Payment, url, cause string) (payment.Payment, error) {
	scan := ""
	after, err := e.store.Update(ctx, reference, store.Meta{}, func(p *payment.Payment) payment.Step {
		if p.Status.Final() || (p.ProviderID != "" && p.ProviderID != seen.ID) {
			return payment.Untouched
		}
		if p.OwnSession == payment.SessionClosed {
			if atBank(seen.State) {
				e.log.ErrorContext(ctx, "provider reports money at a closed session", "reference", reference, "state", seen.State)
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
			e.log.WarnContext(ctx, "scan not woken, due again when its lease ends", "reference", scan, "error", err)
		}
	}
	return after, nil
}

// mandateEvery is how often an active mandate is read, besides the provider's webhooks: it may be active for years.
const mandateEvery = 6 * time.Hour

func (e *Engine) observe(p *payment.Payment, seen powens.Payment, url, cause string) payment.Step {
	p.ProviderID, p.RequestedAt = seen.ID, nil
	if url != "" && !p.Held() {
		p.PaymentURL = url
	}
	if p.Kind != payment.KindRefund && seen.Payer != nil && seen.Payer.IBAN != "" {
		p.Payer.Name, p.Payer.IBAN, p.Payer.BIC = seen.Payer.Label, seen.Payer.IBAN, seen.Payer.BIC
	}
	if seen.BankID != "" && seen.BankID != p.BankID {
		p.BankID, p.Settlement = seen.BankID, e.banks.Settlement(p.Livemode, seen.BankID, p.ExecutionType)
	}
	o := observation(*p, seen)
	// The payment stays pending until there is a URL for the payer.
	if p.PaymentURL == "" && seen.State == "created" && !p.Held() && o.DifferingAmount == "" && !o.Unreadable {
		due := e.now().UTC().Add(time.Second)
		p.DueAt = &due
		return payment.Noted
	}
	if o.DifferingAmount != "" || o.Unreadable {
		e.log.Error("provider reports another amount, payment not completed", "reference", p.Reference, "ours", p.Amount.String(), "theirs", o.DifferingAmount)
	}
	switch {
	case closesSession(*p, seen):
		c := markSessionClosed(p, cause)
		c.ProviderState, c.ProviderRaw = string(seen.State), seen.Raw
		return payment.Changed(c)
	case p.Held() && atBank(seen.State):
		p.ReleaseHold()
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
		due = end // a scanned payment is not blocked for longer than necessary
	}
	if p.Kind == payment.KindMandate && c.Detail == payment.DetailMandateActive {
		due = e.now().UTC().Add(e.backoff(mandateEvery, mandateEvery, 0))
	}
	p.DueAt, p.QuietPolls = &due, p.QuietPolls+1
	e.updateWaits(p, c, seen)
	if !changed {
		return e.markStalled(p)
	}
	return payment.Changed(c)
}

// observation returns what the provider says about the payment, with its amount if that differs from ours.
func observation(p payment.Payment, seen powens.Payment) payment.Observation {
	return payment.Observation{
		State: string(seen.State), StateDetail: seen.StateDetail, ErrorCode: seen.ErrorCode, Raw: seen.Raw,
		DifferingAmount: differingAmount(p, seen), Unreadable: seen.Amount == 0,
	}
}

// differingAmount returns the provider's amount and currency if they differ from the payment's; empty if they match or cannot be
// read.
func differingAmount(p payment.Payment, seen powens.Payment) string {
	if seen.Amount == 0 || seen.Amount == p.Amount && (seen.Currency == "" || seen.Currency == p.Currency) {
		return ""
	}
	return seen.Amount.String() + " " + seen.Currency
}
