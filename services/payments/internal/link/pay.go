package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// sessionOfStock is how long a payer may take to pay a link with a limited stock. Nobody else can have that place in the meantime.
const sessionOfStock = time.Hour

// Pay records the payment of a link, which takes one place of its stock in the same transaction. wanted names the link, the amount if the
// payer chooses it, and what the command says of the merchant; the link says the rest. An earlier payment is returned with its match when
// it has the reference or the key, or when it is the open one of a link that is paid once. Errors: NOT_FOUND, INVALID_STATE, VALIDATION_ERROR,
// store.ErrKeyReused.
func (l *Links) Pay(ctx context.Context, wanted payment.Payment, idem store.Idempotency, meta store.Meta) (p payment.Payment, match store.Match, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		x, err := l.lock(ctx, tx, wanted.PaymentLinkID)
		switch {
		case err != nil:
			return err
		case x.MerchantID != wanted.MerchantID || x.Livemode != wanted.Livemode || x.Host != EUPay:
			return errNoLink()
		}
		p, match, err = l.Store.FindIn(ctx, tx, wanted, idem)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if x.Single() && x.UsesOpen > 0 {
			if p, err = l.openPayment(ctx, tx, &x, wanted); err != nil || !p.Unpaid() {
				match = store.ByReference
				return err
			}
		}
		if err := l.payable(x); err != nil {
			return err
		}
		if err := x.lend(&wanted); err != nil {
			return err
		}
		match = store.NoMatch
		if p, err = l.Store.CreateIn(ctx, tx, wanted, idem, meta); err != nil {
			return err
		}
		return l.takePlace(ctx, tx, x, p)
	})
	return p, match, err
}

// payable returns why the link takes no payment now.
func (l *Links) payable(x Link) error {
	switch {
	case x.Status == Paid:
		return errs.New(errs.InvalidState, "This payment link is paid already.")
	case x.Status == Expired || x.lapsed(l.clock()):
		return errs.New(errs.InvalidState, "This payment link has expired. Ask the merchant for a new one.")
	case x.Status == Revoked:
		return errs.New(errs.InvalidState, "The merchant has withdrawn this payment link.")
	case !x.hasRoom():
		return errs.New(errs.InvalidState, "All payments that this link takes are made or being made. Try again later.")
	default:
		return nil
	}
}

// lend gives a payment what the link says.
func (x Link) lend(p *payment.Payment) error {
	if err := x.checkAmount(p); err != nil {
		return err
	}
	p.Currency, p.Description, p.MerchantReference = x.Currency, x.Description, x.Reference
	p.SuccessURL, p.CancelURL, p.Metadata, p.SubscriptionID = x.SuccessURL, x.URL, x.Metadata, x.SubscriptionID
	if x.UsesMax > 0 {
		p.ExpiresAt = earlier(p.ExpiresAt, p.RequestedAt.Add(sessionOfStock))
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (x Link) checkAmount(p *payment.Payment) error {
	wrong := func(format string, args ...any) error {
		return errs.Invalid(errs.Field{Field: "amount", Message: errs.New(errs.ValidationError, format, args...).Message})
	}
	switch {
	case x.Amount > 0 && p.Amount == 0:
		p.Amount = x.Amount
	case x.Amount > 0 && p.Amount != x.Amount:
		return wrong("differs from that of the link. Leave it out, or show the payer the link again")
	case x.Amount > 0:
	case p.Amount == 0:
		return wrong("is required: the link leaves it open")
	case p.Amount < x.Minimum:
		return wrong("must be at least %s", x.Minimum)
	case x.Maximum > 0 && p.Amount > x.Maximum:
		return wrong("must be at most %s", x.Maximum)
	}
	return nil
}

// openPayment returns the payment that holds the only place of a link. A request for another amount is refused until it ends. One that has
// ended unpaid gives its place back at once: the event that says so is on its way.
func (l *Links) openPayment(ctx context.Context, tx pgx.Tx, x *Link, wanted payment.Payment) (payment.Payment, error) {
	reference, err := l.lastUse(ctx, tx, x.ID)
	if err != nil {
		return payment.Payment{}, err
	}
	p, _, err := l.Store.FindIn(ctx, tx, payment.Payment{Reference: reference}, store.Idempotency{})
	switch {
	case err != nil:
		return payment.Payment{}, fmt.Errorf("read the open payment of link %s: %w", x.ID, err)
	case p.Unpaid():
		return p, l.release(ctx, tx, x, outcome{link: x.ID, reference: reference})
	case wanted.Amount > 0 && wanted.Amount != p.Amount:
		return p, errs.New(errs.InvalidState, "A payment of %s EUR is open for this link. Pay that one, or try again when it has ended.", p.Amount)
	default:
		return p, nil
	}
}
