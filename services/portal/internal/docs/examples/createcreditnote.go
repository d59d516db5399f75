package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CreditNote gives 50 € of a paid invoice back on paper; the money is another call.
func CreditNote(ctx context.Context, client *eupay.Client, number string) (string, error) {
	note, err := client.Invoices.Credit(ctx, number, eupay.CreditParams{Amount: 5000, Reason: "Partial refund: defective item"})
	if err != nil {
		return "", err
	}
	return note.InvoiceNumber, nil
}
