package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Owed adds up what customers still have to pay.
func Owed(ctx context.Context, client *eupay.Client) (eupay.Amount, error) {
	var sum eupay.Amount
	for invoice, err := range client.Invoices.All(ctx, eupay.InvoiceListParams{Status: "pending"}) {
		if err != nil {
			return 0, err
		}
		sum += invoice.AmountDue
	}
	return sum, nil
}
