package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// CreateTable adds a table and returns the address that its code leads to.
func CreateTable(ctx context.Context, client *eupay.Client, login eupay.Session) (string, error) {
	table, err := client.WithToken(login.Token).Tables.Create(ctx, eupay.TableParams{Name: "Table 4", Zone: "Terrasse", Capacity: 4})
	if err != nil {
		return "", err
	}
	return table.QRURL, nil
}
