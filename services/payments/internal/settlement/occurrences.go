package settlement

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/subscription"
)

// execution finds the subscription whose standing order a credit is an execution of, and marks the occurrence as paid. The bank wrote our
// reference into the transfer and the amount is the whole one, or it is no execution.
func (b *batch) execution(ctx context.Context, l *line) (bool, error) {
	if l.cents <= 0 || l.booked != 0 || l.byHand {
		return false, nil
	}
	for _, ref := range l.refs {
		o, ok, err := b.s.Occurrences.Observe(ctx, b.tx, subscription.Credit{
			Owner: b.account.subscriber(), Subscription: ref, Amount: l.cents, BookedOn: l.on, Reference: l.id,
		})
		if err != nil {
			return false, err
		}
		if ok {
			l.subscription = o.SubscriptionID
			return true, b.s.noteExecution(ctx, b.tx, l.id, o.SubscriptionID)
		}
	}
	return false, nil
}

// subscriber is the merchant of an account.
func (a account) subscriber() subscription.Owner {
	return subscription.Owner{MerchantID: a.owner.ID, Livemode: a.Livemode}
}

// withdrawExecution takes back that a line of the account, whose row is locked, is an execution of a standing order.
func (s *Settlement) withdrawExecution(ctx context.Context, tx pgx.Tx, lineID string) error {
	id, o, err := s.executionOf(ctx, tx, lineID)
	if err != nil || id == "" {
		return err
	}
	if err := s.Occurrences.Withdraw(ctx, tx, o, id, lineID); err != nil {
		return err
	}
	return s.noExecution(ctx, tx, lineID)
}
