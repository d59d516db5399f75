package examples

import (
	"context"
	"fmt"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// WaitForPayment asks every 3 seconds until the payment has ended, or until ctx does.
func WaitForPayment(ctx context.Context, client *eupay.Client, reference string) error {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		payment, err := client.Payments.Status(ctx, reference)
		switch {
		case err != nil:
			return err
		case payment.Status == eupay.PaymentCompleted:
			return nil
		case payment.Status == eupay.PaymentFailed, payment.Status == eupay.PaymentCancelled:
			return fmt.Errorf("the payment is %s", payment.Status)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
