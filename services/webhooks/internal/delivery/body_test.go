package delivery

import (
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

func TestALateReceiptIsSentToItsSubscribersWithItsAmount(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 17, 12, 20, 0, 0, time.UTC)
	c := &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: "PAY-20260617-0B25921FB72918ED", AmountCents: 2999, Currency: "EUR", Status: "failed",
		LateReceipt: &paymentsv1.LateReceipt{AmountCents: 1000, ReceivedAt: timestamppb.New(at), BookedAt: timestamppb.New(at)},
	}}
	got, err := json.Marshal(paymentBody("payment.late_receipt", c))
	want := `{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,"currency":"EUR","status":"failed","merchant_reference":null,` +
		`"late_receipt":{"amount":10,"received_at":"2026-06-17T12:20:00Z"}}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if d := paymentBody("payment.refunded", c); d.LateReceipt != nil {
		t.Error("the documented payment.refunded has a field more")
	}
	for _, event := range []string{"payment.late_receipt", "payment.amount_mismatch", "refund.amount_mismatch", "refund.stalled"} {
		if _, told := endpoint.Announce(nil, event); told {
			t.Errorf("%s goes to endpoints that name no type", event)
		}
		if _, told := endpoint.Announce([]string{event}, event); !told || len(endpoint.CheckTypes([]string{event})) > 0 {
			t.Errorf("%s does not go to who asked for it", event)
		}
	}
}
