// Package loyalty awards customers of the app points for payments to participating merchants, and keeps a ledger of them that
// always balances.
package loyalty

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Subjects are the subjects of events that concern points.
var Subjects = []string{"eupay.evt.*.payment.completed.>", "eupay.evt.*.payment.refunded.>", "eupay.evt.*.merchant.>"}

// Program is the rule by which points are awarded.
type Program struct {
	// PerEuro is the number of points for each whole euro that was paid and not refunded.
	PerEuro int64
}

// points returns the points that a payment is worth now.
func (p Program) points(pay *paymentsv1.Payment) int64 {
	return (pay.GetAmountCents() - pay.GetAmountRefundedCents()) / 100 * p.PerEuro
}

// Handle applies events within the consumer's transaction.
func (p Program) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		if err := p.apply(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

func (p Program) apply(ctx context.Context, tx pgx.Tx, e consume.Event) error {
	if strings.HasPrefix(e.Type, "merchant.") {
		m := &eventsv1.MerchantChanged{}
		if err := decode(e, m); err != nil {
			return err
		}
		return recordMerchant(ctx, tx, m, happened(e, m.GetOccurredAt().AsTime()))
	}
	c := &eventsv1.PaymentChanged{}
	if err := decode(e, c); err != nil {
		return err
	}
	pay := c.GetPayment()
	if pay.GetMerchantId() != e.Merchant || pay.GetLivemode() != e.Livemode {
		return consume.Poison(fmt.Errorf("event %s (%s) names another merchant or mode than its subject", e.ID, e.Type))
	}
	if pay.GetCustomerId() == "" || pay.GetKind() != "payment" {
		return nil
	}
	if pay.GetLateReceipt() != nil { // it was never completed, so its refunds must neither deduct nor add points
		return nil
	}
	return award(ctx, tx, pay, p.points(pay), happened(e, c.GetOccurredAt().AsTime()))
}

func decode(e consume.Event, into proto.Message) error {
	if err := proto.Unmarshal(e.Data, into); err != nil {
		return consume.Poison(fmt.Errorf("decode %s: %w", e.Type, err))
	}
	return nil
}

// happened returns at, or the event's own time if the payload has none.
func happened(e consume.Event, at time.Time) time.Time {
	if at.Unix() > 0 {
		return at
	}
	return e.Time
}
