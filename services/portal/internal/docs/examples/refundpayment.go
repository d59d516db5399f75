package examples

import (
	"context"
	"errors"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Refund gives 10 € back. An amount of 0 gives back all that is left.
func Refund(ctx context.Context, client *eupay.Client, reference string) (*eupay.Payment, error) {
	refund, err := client.Refunds.Create(ctx, reference, eupay.RefundParams{Amount: 1000})
	if errors.Is(err, eupay.ErrRefundExceedsPayment) {
		return nil, errors.New("there is less than 10 € left to give back")
	}
	return refund, err // its PaymentURL, if any, is where you authorise the transfer
}
