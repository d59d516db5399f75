package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// GenerateQR makes a code for 9.99 € that ends after half an hour.
func GenerateQR(ctx context.Context, client *eupay.Client, login eupay.Session) (string, error) {
	code, err := client.WithToken(login.Token).QR.Generate(ctx, eupay.QRParams{Amount: 999, Label: "Payment to My Shop", ExpiresInMinutes: 30})
	if err != nil {
		return "", err
	}
	return code.QRData, nil
}
