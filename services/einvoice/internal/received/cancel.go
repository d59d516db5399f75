package received

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// CancelPayment cancels the open payment of an invoice, which can then be paid again. One that was cancelled last is returned. While the bank has not
// answered, the payment stays open and the bank is asked; where it wants the merchant's approval, url is its page. Errors: NOT_FOUND; INVALID_STATE
// if no payment is open or the bank is executing it; CANCEL_NOT_SUPPORTED; UNAVAILABLE if the payments service does not answer.
func (b *Inbox) CancelPayment(ctx context.Context, who Who, id string) (v *einvoicev1.ReceivedPayment, url string, err error) {
	p, err := b.lastPayment(ctx, who, id)
	if err != nil {
		return nil, "", err
	}
	if p.Status == payPending {
		// A request that is on its way must not make the payment after it was cancelled: it is made, and then cancelled.
		if p, err = b.ask(ctx, p); err != nil {
			return nil, "", err
		}
	}
	if p.open() {
		if p, url, err = b.cancel(ctx, p); err != nil {
			return nil, "", err
		}
	}
	if !p.open() && p.Status != payCancelled {
		return nil, "", errs.New(errs.InvalidState, "The payment is %s and can no longer be cancelled.", p.Status)
	}
	d, err := b.paidDocument(ctx, p.Reference)
	if err != nil {
		return nil, "", err
	}
	return p.proto(d), url, nil
}

// lastPayment returns the open payment of an invoice, or else the newest if it was cancelled.
func (b *Inbox) lastPayment(ctx context.Context, who Who, id string) (p Payment, err error) {
	err = pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		r, err := find(ctx, tx, who, id, "")
		if err != nil {
			return err
		}
		payments, err := paymentsOf(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(payments, func(p Payment) bool { return p.open() }); i >= 0 {
			p = payments[i]
			return nil
		}
		if len(payments) == 0 || payments[0].Status != payCancelled {
			return errs.New(errs.InvalidState, "No payment of this invoice is open.")
		}
		p = payments[0]
		return nil
	})
	return p, err
}

// cancel asks the payments service to cancel an open payment and records an end.
func (b *Inbox) cancel(ctx context.Context, p Payment) (Payment, string, error) {
	call, done := context.WithTimeout(ctx, payWithin)
	res, err := b.Suppliers.CancelSupplierPayment(call, &paymentsv1.CancelSupplierPaymentRequest{Reference: p.Reference, MerchantId: p.MerchantID, Livemode: p.Livemode})
	done()
	if errs.Is(err, errs.NotFoundCode) { // asked for, and not there yet
		return p, "", errs.New(errs.Unavailable, "The payment is being made. Repeat the request in a moment.")
	}
	if err != nil {
		return p, "", err
	}
	switch is := res.GetPayment(); is.GetStatus() {
	case payCompleted, payFailed, payCancelled:
		p.Status, p.Failure = is.GetStatus(), is.GetFailureCode()
		at := b.instant()
		p.EndedAt = &at
		record, end := recording(ctx)
		defer end()
		return p, "", b.endPayment(record, p, at)
	}
	return p, res.GetAuthorisationUrl(), nil
}
