package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// CollectionSender reports payments by businesses to the platform (status 212).
type CollectionSender struct{ l *Ledger }

// CollectionSender returns the sender of collections.
func (l *Ledger) CollectionSender() CollectionSender { return CollectionSender{l} }

// Send implements transmit.Sender. It reports only the part for services, which is mandatory. Money that was given back is reported
// below zero, after everything that was reported before it, because the platform refuses sums below zero.
func (s CollectionSender) Send(ctx context.Context, t transmit.Transmission) error {
	l := s.l
	invoiceID, on, err := l.collected(ctx, t.Subject)
	if err != nil {
		return err
	}
	r, err := readOne(ctx, l.Pool, `where i.id = $1`, invoiceID)
	if err != nil {
		return err
	}
	if r.PlatformID == "" {
		return transmit.Wait{Reason: "the platform does not have " + r.Number + " yet", RetryAfter: mandateRetry}
	}
	account, err := l.platform(r.Livemode)
	if err != nil {
		return transmit.Wait{Reason: err.Error(), RetryAfter: mandateRetry}
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return err
	}
	c := platform.Collection{Ref: t.Subject.String(), SIREN: e.Settings.SIREN(), InvoiceNumber: r.Number, Date: on}
	if c.Parts, err = l.collection(ctx, t.Subject, r); err != nil {
		return err
	}
	for _, p := range c.Parts {
		c.Amount += p.Amount
	}
	_, err = account.ReportCollection(ctx, e.ClientID, c)
	record, cancel := recording(ctx)
	defer cancel()
	if err := l.recordCollection(record, r.ID, err); err != nil {
		return err
	}
	l.engine.Wake(r.Livemode) // refunds that waited for this one
	return nil
}

// collection returns what is reported of a payment or refund of an invoice. After the invoice was refused or rejected, of what is given
// back only what the platform has of it is reported; and nothing more as collected, unless the merchant may know that the invoice stands.
func (l *Ledger) collection(ctx context.Context, source uuid.UUID, r Record) ([]platform.RateAmount, error) {
	parts, err := l.reportable(ctx, source)
	if err != nil {
		return nil, err
	}
	steps, err := stepsOf(ctx, l.Pool, r.ID)
	if err != nil {
		return nil, err
	}
	refused, ended := slices.ContainsFunc(steps, isRefusal), slices.ContainsFunc(steps, isEnd)
	back := slices.ContainsFunc(parts, func(p platform.RateAmount) bool { return p.Amount < 0 })
	if back {
		before, err := l.toldBefore(ctx, r.ID, source)
		switch {
		case err != nil:
			return nil, err
		case before.waiting, before.refused && !refused:
			return nil, transmit.Wait{Reason: "an earlier collection of " + r.Number + " was not accepted yet", RetryAfter: originalRetry}
		case refused:
			for i, p := range parts {
				parts[i].Amount = max(p.Amount, -before.accepted[p.VATPerMill])
			}
		}
	}
	parts = slices.DeleteFunc(parts, func(p platform.RateAmount) bool { return p.Amount == 0 || ended && p.Amount > 0 })
	if len(parts) == 0 {
		return nil, fmt.Errorf("%s has nothing to report: %w", r.Number, transmit.ErrNotNeeded)
	}
	return parts, nil
}

// recordCollection converts the platform's answer to the result of the transmission, and schedules a read of the document's new
// step.
func (l *Ledger) recordCollection(ctx context.Context, invoiceID uuid.UUID, failure error) error {
	var refused *platform.Refused
	if errors.As(failure, &refused) {
		return fmt.Errorf("%w: %w", transmit.ErrStop, failure)
	}
	if errors.Is(failure, platform.ErrNoMandate) {
		return transmit.Wait{Reason: "the platform knows no active mandate", RetryAfter: mandateRetry}
	}
	if failure != nil {
		return failure
	}
	return errors.Join(l.pollNow(ctx, invoiceID), l.wakeRefunds(ctx, invoiceID))
}
