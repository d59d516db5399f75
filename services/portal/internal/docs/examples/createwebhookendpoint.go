package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// AddEndpoint tells EU Pay where to send events. The secret is shown this once.
func AddEndpoint(ctx context.Context, client *eupay.Client) (eupay.Secret, error) {
	endpoint, err := client.WebhookEndpoints.Create(ctx, eupay.EndpointParams{
		URL:        "https://yourstore.com/webhooks/eupay",
		EventTypes: []string{"payment.completed", "payment.failed", "payment.refunded"},
	})
	if err != nil {
		return "", err
	}
	return endpoint.Secret, nil
}
