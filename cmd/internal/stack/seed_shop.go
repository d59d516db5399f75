package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
)

// dishes are on the menu of the demo merchant.
var dishes = []eupay.ProductParams{
	{Name: "Croque-monsieur", Category: "Plats", PriceTTC: 11_50, VATRate: "10", Description: "Jambon de Paris, comté, béchamel, salade verte. Contient : lait, gluten."},
	{Name: "Salade niçoise", Category: "Plats", PriceTTC: 14_00, VATRate: "10", Description: "Thon, œufs, olives, anchois, haricots verts. Contient : œuf, poisson."},
	{Name: "Quiche lorraine", Category: "Plats", PriceTTC: 10_50, VATRate: "10", Description: "Servie tiède avec une salade. Contient : lait, œuf, gluten."},
	{Name: "Crème brûlée", Category: "Desserts", PriceTTC: 7_00, VATRate: "10", Description: "À la vanille de Madagascar. Contient : lait, œuf."},
	{Name: "Tarte au citron", Category: "Desserts", PriceTTC: 7_50, VATRate: "10", Description: "Meringuée. Contient : œuf, gluten."},
	{Name: "Café", Category: "Boissons", PriceTTC: 2_20, VATRate: "10"},
	{Name: "Limonade maison", Category: "Boissons", PriceTTC: 4_50, VATRate: "10", Description: "Citron et menthe fraîche."},
	{Name: "Verre de rosé", Category: "Boissons", PriceTTC: 5_50, VATRate: "20", Description: "Côtes de Provence, 12 cl."},
}

var seats = []eupay.TableParams{{Name: "Table 1", Zone: "Salle", Capacity: 4}, {Name: "Table 2", Zone: "Terrasse", Capacity: 2}}

// SeedShop gives the demo merchant a menu and tables through the API, unless it has some.
func SeedShop(ctx context.Context, sys system.System) error {
	public := eupay.New("", "", eupay.Options{BaseURL: sys.URL()})
	login, err := public.Auth.Login(ctx, eupay.Credentials{Email: system.MerchantEmail, Password: eupay.Secret(sys.Secrets.MerchantLogin)})
	if err != nil {
		return fmt.Errorf("log in as the demo merchant: %w", err)
	}
	api := public.WithToken(login.Token)
	if err := seedDishes(ctx, api); err != nil {
		return fmt.Errorf("make the demo menu: %w", err)
	}
	return seedTables(ctx, api)
}

func seedDishes(ctx context.Context, api *eupay.Client) error {
	have, err := api.Products.List(ctx, eupay.ProductListParams{ListParams: eupay.ListParams{Limit: 1}})
	if err != nil || len(have.Data) > 0 {
		return err
	}
	for _, d := range dishes {
		p, err := api.Products.Create(ctx, d)
		if err != nil {
			return err
		}
		if d.Name != "Limonade maison" {
			continue
		}
		offer := eupay.ProductOfferParams{ProductID: p.ID, Name: "Happy hour", Type: "fixed_price", Value: json.Number("3.5")}
		if _, err := api.ProductOffers.Create(ctx, offer); err != nil {
			return err
		}
	}
	return nil
}

func seedTables(ctx context.Context, api *eupay.Client) error {
	have, err := api.Tables.List(ctx, eupay.ListParams{Limit: 1})
	if err != nil || len(have.Data) > 0 {
		return err
	}
	for _, t := range seats {
		if _, err := api.Tables.Create(ctx, t); err != nil {
			return fmt.Errorf("make the demo tables: %w", err)
		}
	}
	return nil
}
