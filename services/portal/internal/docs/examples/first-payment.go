package examples

import (
	"context"
	"fmt"
	"os"

	eupay "european-pay.eu/eupay/sdk/go"
)

// FirstPayment is a whole program: go get european-pay.eu/eupay/sdk/go
func FirstPayment() error {
	client := eupay.New(os.Getenv("EUPAY_API_KEY"), eupay.Secret(os.Getenv("EUPAY_API_SECRET")), eupay.Options{BaseURL: os.Getenv("EUPAY_URL")})
	payment, err := client.Payments.Create(context.Background(), eupay.PaymentParams{
		Amount:      2999, // cents
		Description: "Order #1042",
		SuccessURL:  "https://yourstore.com/success",
		CancelURL:   "https://yourstore.com/cancel",
	})
	if err != nil {
		return err
	}
	fmt.Println("Send the payer to", payment.PaymentURL)
	return nil
}
