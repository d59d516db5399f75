package subscription

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

// Cancellation is what a merchant says when it ends a subscription.
type Cancellation struct {
	// Actor is who says so.
	Actor string
	// StoppedAtBank: the payer has stopped the standing order at the bank.
	StoppedAtBank bool
	Meta          Meta
}

// Cancel ends a subscription: at once if it collects by links, otherwise when the payer's bank has cancelled the standing order. The returned
// subscription may wait for the payer's approval. Repeating a cancellation is no error. Errors: NOT_FOUND; INVALID_STATE for one that has
// ended in another way; CANCEL_NOT_SUPPORTED if only the payer can stop it.
func (r *Room) Cancel(ctx context.Context, o Owner, id string, c Cancellation) (Subscription, error) {
	atBank, err := r.requestEnd(ctx, o, id, c)
	if err != nil || !atBank {
		after, readErr := get(ctx, r.Pool, o, id)
		return after, errors.Join(err, readErr)
	}
	if err := r.end(ctx, id); err != nil {
		return Subscription{}, err
	}
	after, err := get(ctx, r.Pool, o, id)
	switch {
	case err != nil || after.Status.Final() || !after.StopAtBank:
		return after, err
	case c.StoppedAtBank:
		return r.believe(ctx, id, c)
	}
	return after, errs.New(errs.CancelNotSupported,
		"The payer's bank does not cancel this standing order for us. Ask the payer to end the standing order %s in the bank's app or branch, "+
			"then cancel again with stopped_at_bank.", id)
}

// requestEnd records that the merchant wants the end, and reports whether the provider must be asked.
func (r *Room) requestEnd(ctx context.Context, o Owner, id string, c Cancellation) (atBank bool, err error) {
	err = r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.openOwn(ctx, tx, o, id, c.Meta)
		if err != nil {
			return err
		}
		w := why{cause: CauseAPI, actor: c.Actor}
		switch {
		case u.Status == Stopped:
			return nil
		case u.Status.Final():
			return errs.New(errs.InvalidState, "The subscription is %s and can no longer be cancelled.", u.Status)
		case u.Collect == CollectLinks:
			return u.stop(ctx, DetailCancelled, w)
		}
		atBank = true
		if u.Ending != NotEnding {
			return nil
		}
		due := u.now.Add(cancelEvery)
		u.Ending, u.EndingBy, u.DueAt = EndingCancelled, c.Actor, &due
		return u.refine(ctx, u.Detail, w)
	})
	return atBank, err
}

// believe ends a subscription because the merchant says that the payer has stopped it.
func (r *Room) believe(ctx context.Context, id string, c Cancellation) (Subscription, error) {
	err := r.inTx(ctx, func(tx pgx.Tx) error {
		u, err := r.open(ctx, tx, id, c.Meta)
		if err != nil || u.Status != Active {
			return err
		}
		return u.stop(ctx, DetailByPayer, why{cause: CauseMerchant, actor: c.Actor})
	})
	if err != nil {
		return Subscription{}, err
	}
	return find(ctx, r.Pool, id)
}
