package examples

import (
	"context"
	"os"

	eupay "european-pay.eu/eupay/sdk/go"
)

// SavePDF writes the Factur-X to a file that is named as the API names it.
func SavePDF(ctx context.Context, client *eupay.Client, number string) error {
	pdf, err := client.Invoices.PDF(ctx, number)
	if err != nil {
		return err
	}
	return os.WriteFile(pdf.Name, pdf.Data, 0o600)
}
