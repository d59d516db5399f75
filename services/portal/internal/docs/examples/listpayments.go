package examples

import (
	"context"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Takings adds up what was paid since then. The client reads page after page.
func Takings(ctx context.Context, client *eupay.Client, since time.Time) (eupay.Amount, error) {
	var sum eupay.Amount
	for payment, err := range client.Payments.All(ctx, eupay.PaymentListParams{Status: eupay.PaymentCompleted, From: since}) {
		if err != nil {
			return 0, err
		}
		sum += payment.Amount
	}
	return sum, nil
}
