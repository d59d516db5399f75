package examples

import (
	"context"
	"net/http"
	"os"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// Webhooks reads the raw body, checks the signature, answers 400 to what is not from EU Pay and 500 when deliver fails, so that the
// event is sent again.
func Webhooks(deliver func(ctx context.Context, reference string) error) http.Handler {
	return webhook.Handler(os.Getenv("EUPAY_WEBHOOK_SECRET"), func(ctx context.Context, event *webhook.Event) error {
		payment, ok := event.Data.(*webhook.Payment)
		if ok && event.Type == webhook.PaymentCompleted {
			return deliver(ctx, payment.MerchantReference) // unless event.ID was seen before
		}
		return nil
	})
}
