package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CreateProduct adds a coffee. The catalog takes a login, not a key.
func CreateProduct(ctx context.Context, client *eupay.Client, login eupay.Session) (*eupay.Product, error) {
	stock := 500
	return client.WithToken(login.Token).Products.Create(ctx, eupay.ProductParams{
		Name:          "Café Noisette",
		Category:      "boissons",
		PriceTTC:      350,
		VATRate:       "10",
		StockQuantity: &stock,
	})
}
