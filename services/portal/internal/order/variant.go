package order

import (
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// variantGroup is what the field of a product's variant ends with, among those of its groups of options.
const variantGroup = "variant"

func variantFieldOf(product string) string { return optionField + product + "." + variantGroup }

// variantIn is the variant in the form that is chosen of a product.
func variantIn(f *web.Form, product string) string { return f.Get(variantFieldOf(product)) }

// variantPicks are the variants of a product as a group of which one is chosen. What is not in the basket has the first that is not sold out.
func variantPicks(r *web.Request, product eupay.MenuProduct, c choice) []picks {
	if len(product.Variants) == 0 {
		return nil
	}
	g := picks{MenuOptionGroup: eupay.MenuOptionGroup{ID: variantGroup, Name: r.Text.T("order.variant"), MinChoices: 1, MaxChoices: 1}}
	for _, v := range product.Variants {
		g.Options = append(g.Options, picked{
			Option: eupay.Option{ID: v.ID, Name: v.Name, Price: v.PriceTTC - product.PriceTTC, IsAvailable: v.IsAvailable}, Field: variantFieldOf(c.ID),
			Chosen: c.Quantity > 0 && c.Variant == v.ID, Base: true,
		})
	}
	if first := slices.IndexFunc(g.Options, func(p picked) bool { return p.IsAvailable }); c.Quantity == 0 && first >= 0 {
		g.Options[first].Chosen = true
	}
	return []picks{g}
}

// base is the price of one piece without options: that of the variant that is chosen.
func (d dish) base() eupay.Amount {
	base := d.PriceTTC
	for _, o := range d.Chosen() {
		if o.Base {
			base += o.Price
		}
	}
	return base
}
