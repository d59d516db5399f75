package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CreateInvoice issues an invoice of 1,800 € with 20 % VAT inside. Quantities and rates are decimal text, never floats.
func CreateInvoice(ctx context.Context, client *eupay.Client) (string, error) {
	invoice, err := client.Invoices.Create(ctx, eupay.InvoiceParams{
		CustomerName:  "Acme Corp",
		CustomerEmail: "billing@acme.com",
		Reference:     "ERP-INV-2026-001",
		Items: []eupay.InvoiceItem{
			{ProductName: "Consulting", Quantity: "1", UnitPriceTTC: 180000, VATRate: "20"},
		},
	})
	if err != nil {
		return "", err
	}
	return invoice.InvoiceNumber, nil
}
