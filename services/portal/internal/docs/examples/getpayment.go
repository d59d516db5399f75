package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// IsPaid reads the payment from your server, with your full credentials.
func IsPaid(ctx context.Context, client *eupay.Client, reference string) (bool, error) {
	payment, err := client.Payments.Get(ctx, reference)
	if err != nil {
		return false, err
	}
	return payment.Status == eupay.PaymentCompleted, nil
}
