package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// MarkPaid records a transfer. An amount of 0 is all that is due.
func MarkPaid(ctx context.Context, client *eupay.Client, number string) (eupay.Amount, error) {
	invoice, err := client.Invoices.MarkPaid(ctx, number, eupay.MarkPaidParams{
		PaymentMethod: "bank",
		PaymentDate:   "2026-06-17",
	})
	if err != nil {
		return 0, err
	}
	return invoice.AmountDue, nil
}
