package examples

import (
	"context"
	"os"

	eupay "european-pay.eu/eupay/sdk/go"
)

// SaveCode draws the code of a payment.
func SaveCode(ctx context.Context, client *eupay.Client, reference string) error {
	code, err := client.Payments.QRImage(ctx, reference, eupay.QRImageParams{Format: eupay.PNG, Size: 800})
	if err != nil {
		return err
	}
	return os.WriteFile("code.png", code.Data, 0o600)
}
