package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CreatePayment asks for 29.99 € and returns where to send the payer. Amounts are whole cents.
func CreatePayment(ctx context.Context, client *eupay.Client) (string, error) {
	payment, err := client.Payments.Create(ctx, eupay.PaymentParams{
		Amount:      2999,
		Description: "Order #1042",
		Reference:   "ORDER-1042",
		SuccessURL:  "https://yourstore.com/success",
		CancelURL:   "https://yourstore.com/cancel",
	})
	if err != nil {
		return "", err
	}
	return payment.PaymentURL, nil // or draw payment.QRData.QRData as a QR code
}
