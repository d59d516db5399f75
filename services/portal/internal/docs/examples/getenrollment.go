package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// MayInvoice is the check before the first invoice.
func MayInvoice(ctx context.Context, client *eupay.Client) (bool, error) {
	enrollment, err := client.EInvoicing.Enrollment(ctx)
	if err != nil {
		return false, err
	}
	return enrollment.Ready, nil
}
