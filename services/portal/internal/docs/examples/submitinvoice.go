package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Submit sends an invoice that waited for the mandate to the platform at once.
func Submit(ctx context.Context, client *eupay.Client, number string) (string, error) {
	invoice, err := client.Invoices.Submit(ctx, number)
	if err != nil {
		return "", err
	}
	return invoice.SeqinoStatus, nil
}
