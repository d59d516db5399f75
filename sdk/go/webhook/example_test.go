package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"european-pay.eu/eupay/sdk/go/webhook"
)

func ExampleHandler() {
	http.Handle("POST /webhooks", webhook.Handler(os.Getenv("EUPAY_WEBHOOK_SECRET"), func(_ context.Context, event *webhook.Event) error {
		if payment, ok := event.Data.(*webhook.Payment); ok && event.Type == webhook.PaymentCompleted {
			fmt.Println("deliver", payment.MerchantReference) // unless event.ID was seen before
		}
		return nil
	}))
}

func ExampleParse() {
	event, err := webhook.Parse([]byte(`{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","sequence":3,
		"data":{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,"currency":"EUR","status":"completed","merchant_reference":"ORDER-1042"}}`))
	if err != nil {
		panic(err)
	}
	payment := event.Data.(*webhook.Payment)
	fmt.Println(event.Type, payment.MerchantReference, payment.Amount)
	// Output: payment.completed ORDER-1042 29.99
}
