package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// PayByScan begins the transfer and returns the bank's page on which the customer authorises it.
func PayByScan(ctx context.Context, customer *eupay.Client, scanned, account string) (string, error) {
	payment, err := customer.Scans.Pay(ctx, eupay.ScanPayParams{QRData: scanned, AccountID: account, Amount: 999})
	if err != nil {
		return "", err
	}
	return payment.WebauthURL, nil
}
