package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Status needs no key: it is what the payer's browser may know.
func Status(ctx context.Context, reference string) (eupay.PaymentStatus, error) {
	public := eupay.New("", "", eupay.Options{BaseURL: eupay.DevelopmentURL})
	payment, err := public.Payments.Status(ctx, reference)
	if err != nil {
		return "", err
	}
	return payment.Status, nil
}
