package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CancelInvoice makes an invoice one that is owed no more.
func CancelInvoice(ctx context.Context, client *eupay.Client, number string) (*eupay.Invoice, error) {
	return client.Invoices.Cancel(ctx, number, eupay.CancelInvoiceParams{Reason: "Customer request"})
}
