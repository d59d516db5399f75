package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Cancel ends a payment that nobody has authorised yet. It is final when the bank says so.
func Cancel(ctx context.Context, client *eupay.Client, reference string) (bool, error) {
	payment, err := client.Payments.Cancel(ctx, reference)
	if err != nil {
		return false, err
	}
	return payment.Status == eupay.PaymentCancelled, nil
}
