package link

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// Change is one change of a link: an update, a history row and, if Event is set, an event.
type Change struct {
	To Status
	// What stands in the history: "updated".
	What, Actor string
	// Payment is the payment that caused the change, and Amount what it brought.
	Payment string
	Amount  money.Cents
	// Event is the event type, such as "payment_link.paid".
	Event string
}

// apply writes a link, whose row is locked, with its change.
func (l *Links) apply(ctx context.Context, tx pgx.Tx, x Link, c Change) (Link, error) {
	from := x.Status
	if from != c.To && !slices.Contains(moves[from], c.To) {
		return x, fmt.Errorf("payment link %s cannot move from %s to %s", x.ID, from, c.To)
	}
	now := l.clock()
	x.Status, x.Sequence, x.UpdatedAt = c.To, x.Sequence+1, now
	if from != c.To {
		switch c.To {
		case Paid:
			x.PaidAt = &now
		case Expired:
			x.ExpiredAt = &now
		case Revoked:
			x.RevokedAt = &now
		case Active:
		}
	}
	x.schedule()
	if err := l.write(ctx, tx, x, c); err != nil {
		return x, err
	}
	if c.Event == "" {
		return x, nil
	}
	data, err := proto.Marshal(&eventsv1.PaymentLinkChanged{
		Link: x.Proto(), PreviousStatus: string(from), PaymentReference: c.Payment, PaymentAmountCents: int64(c.Amount), OccurredAt: timestamppb.New(now),
	})
	if err != nil {
		return x, fmt.Errorf("encode event %s: %w", c.Event, err)
	}
	return x, outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: c.Event, Source: "payments", Merchant: x.MerchantID, Livemode: x.Livemode, Time: now, Data: data,
	})
}
