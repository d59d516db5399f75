package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Scan says who asks for how much. No money moves.
func Scan(ctx context.Context, customer *eupay.Client, scanned string) (*eupay.ScannedQR, error) {
	return customer.Scans.Read(ctx, scanned)
}
