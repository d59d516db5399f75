package bill

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// event returns the event that announces the bill in its current state; of is the share that was paid, nil if it is not about one.
func (a *account) event(what string, of *received) (events.Event, error) {
	s := a.sums()
	c := &eventsv1.BillChanged{
		BillId: a.ID, MerchantId: a.Merchant, Livemode: a.Livemode, TableId: a.TableID, TableName: a.TableName, Status: a.Status, TotalCents: int64(s.Total),
		PaidCents: int64(s.Kept), DueCents: int64(a.due()), OverpaidCents: int64(a.overpaid()), TipCents: int64(s.Tips), WrittenOffCents: int64(a.WrittenOff),
		Currency: currency, OrderIds: a.Orders, Sequence: a.Sequence, OccurredAt: timestamppb.New(a.UpdatedAt),
	}
	if of != nil {
		c.Share = &eventsv1.PaidShare{ShareId: of.ShareID, PaymentReference: of.Reference, AmountCents: int64(of.Amount), TipCents: int64(of.Tip)}
		for _, t := range of.Taxes {
			c.Share.Taxes = append(c.Share.Taxes, &eventsv1.OrderedTax{VatRatePerMille: int32(t.Rate), GrossCents: int64(t.Gross)})
		}
	}
	data, err := proto.Marshal(c)
	if err != nil {
		return events.Event{}, fmt.Errorf("encode bill event: %w", err)
	}
	return events.Event{
		ID: events.NewID(), Type: "bill." + what, Source: "qr", Merchant: a.Merchant, Livemode: a.Livemode, Time: a.UpdatedAt, Data: data,
	}, nil
}
