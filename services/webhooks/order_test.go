package webhooks

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func (f *fixture) ordered(kind string, c *eventsv1.OrderChanged, merchant string) events.Event {
	f.t.Helper()
	data, err := proto.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: kind, Source: "qr", Merchant: merchant, Time: f.clock.Now(), Data: data}
}

func TestAnOrderIsSentToItsSubscribers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	asked, silent := newSink(t, status(http.StatusOK)), newSink(t, status(http.StatusOK))
	f.endpoint(asked.URL, "order.received", "order.paid_late", "payment.completed")
	f.endpoint(silent.URL) // no type named: only what the documents name
	c := &eventsv1.OrderChanged{
		OrderId: "o-1", MerchantId: "m_1", Number: 12, TableId: "t-4", TableName: "Table 4", OrderType: "dine_in", Status: "received", PreviousStatus: "awaiting_payment",
		TotalCents: 700, Currency: "EUR", PaymentReference: "PAY-20260617-0B25921FB72918ED", Sequence: 2, PaymentStatus: "paid", PaidAt: timestamppb.New(f.clock.Now().Add(-time.Minute)),
		RefundStatus: "requested", RefundAmountCents: 700, RefundReference: "REF-20260617-0B25921FB72918ED", OccurredAt: timestamppb.New(f.clock.Now().Add(-time.Minute)),
		Items: []*eventsv1.OrderedItem{{ProductId: "p-1", Name: "Café <noisette>", Quantity: 2, TotalCents: 700}},
	}
	// An event whose subject names another merchant is delivered to nobody.
	f.publish(f.ordered("order.received", c, "m_2"), f.ordered("order.preparing", c, "m_1"), f.ordered("order.received", c, "m_1"))
	f.publish(f.changed("payment.completed", payment()))
	const want = `{"event":"order.received","timestamp":"2026-06-17T12:24:30Z","sequence":2,"data":{"order_id":"o-1","number":12,"table_id":"t-4","table":"Table 4",` +
		`"order_type":"dine_in","status":"received","total":7,"currency":"EUR","payment_reference":"PAY-20260617-0B25921FB72918ED","paid_late":false,` +
		`"items":[{"product_id":"p-1","name":"Café <noisette>","quantity":2,"total":7}],` +
		`"payment_status":"paid","paid_at":"2026-06-17T12:24:30Z","refund":{"status":"requested","amount":7,"reference":"REF-20260617-0B25921FB72918ED"}}}`
	bodies := map[string]bool{string(asked.next(t).body): true, string(asked.next(t).body): true}
	if !bodies[want] {
		t.Errorf("got %v\nwant %s", bodies, want)
	}
	if got := silent.next(t).header.Get("X-EuPay-Event"); got != "payment.completed" {
		t.Errorf("an endpoint that did not ask hears of %s", got)
	}
}
