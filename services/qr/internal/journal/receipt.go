package journal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// ReceiptEvent is the type of the event of money at the counter.
const ReceiptEvent = "till.receipt"

// announce adds the event of money that came or was given back at the counter. Payments with EU Pay have events of their own.
func announce(ctx context.Context, tx pgx.Tx, r *Record) error {
	if r.Kind != Paid && r.Kind != Refunded || r.Method == ByEUPay || r.Amount == 0 {
		return nil
	}
	m := &eventsv1.TillReceipt{
		MerchantId: r.MerchantID, Livemode: r.Livemode, Sequence: r.Sequence, Reference: r.Reference, PaymentReference: r.Of, OrderId: r.OrderID, BillId: r.BillID,
		Method: r.Method, AmountCents: int64(r.Amount), Goods: r.Goods, OccurredAt: timestamppb.New(r.At),
	}
	for _, t := range r.Taxes {
		m.Taxes = append(m.Taxes, &eventsv1.OrderedTax{VatRatePerMille: int32(t.Rate), GrossCents: int64(t.Gross)})
	}
	data, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a receipt: %w", err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: ReceiptEvent, Source: "qr", Merchant: r.MerchantID, Livemode: r.Livemode, Time: r.At, Data: data,
	})
}
