package table

import (
	"context"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// offered is how the products of a menu are offered.
type offered struct {
	categories []catalog.Category
	// parts are those of set menus, by product.
	parts map[string][]catalog.Part
	// soldOut are products that the menu names though they cannot be ordered now.
	soldOut []catalog.Orderable
	// on has the ids of products that can be ordered, for the parts of set menus.
	on map[string]bool
}

// detailsJSON are fields of a product on the menu that most do not have.
type detailsJSON struct {
	Kind  string     `json:"kind,omitempty"`
	Parts []partJSON `json:"parts,omitempty"`
	// VATRateTakeaway is the rate of what is taken away, where it is another one.
	VATRateTakeaway *vat.Percent         `json:"vat_rate_takeaway,omitempty"`
	ContainsAlcohol bool                 `json:"contains_alcohol,omitempty"`
	Origin          []catalog.Origin     `json:"origin,omitempty"`
	Translations    catalog.Translations `json:"translations,omitempty"`
}

type partJSON struct {
	ID           string               `json:"id"`
	Name         string               `json:"name"`
	Min          int32                `json:"min_choices"`
	Max          int32                `json:"max_choices"`
	Products     []choiceJSON         `json:"products"`
	Translations catalog.Translations `json:"translations,omitempty"`
}

// choiceJSON names a product of the menu.
type choiceJSON struct {
	ProductID  string      `json:"product_id"`
	Supplement money.Cents `json:"supplement,omitempty"`
}

type categoryJSON struct {
	Name         string               `json:"name"`
	ImageURL     string               `json:"image_url,omitempty"`
	Translations catalog.Translations `json:"translations,omitempty"`
}

// soldOutJSON is a product that cannot be ordered now, and its category.
type soldOutJSON struct {
	Category string `json:"category"`
	productJSON
}

// offeredJSON are fields of the menu that are absent while the merchant sets nothing of the kind.
type offeredJSON struct {
	// Categories are those of the menu that the merchant has put in order.
	Categories []categoryJSON `json:"categories,omitempty"`
	SoldOut    []soldOutJSON  `json:"soldOut,omitempty"`
}

// readOffered reads what content does not have yet. The products are read.
func (c *content) readOffered(ctx context.Context, db pg.DB) error {
	var menus []string
	for _, p := range c.products {
		if p.IsSetMenu() {
			menus = append(menus, p.ID)
		}
	}
	var err error
	if len(menus) > 0 {
		if c.parts, err = catalog.Parts(ctx, db, menus); err != nil {
			return err
		}
	}
	c.categories, err = catalog.Categories(ctx, db, c.merchant)
	return err
}

// sortOut takes the products that are sold out from those that can be ordered, and returns when one of them is on sale again; the zero time if none
// is by itself. A set menu is sold out when nothing is left of a part that guests must choose.
func (c *content) sortOut(now time.Time) (until time.Time) {
	all := slices.Concat(c.products, c.soldOut)
	c.products, c.soldOut = nil, nil
	c.on = make(map[string]bool, len(all))
	for _, p := range all {
		c.on[p.ID] = !p.IsSoldOut(now)
		if at := p.SoldOutUntil; p.IsSoldOut(now) && at != nil && (until.IsZero() || at.Before(until)) {
			until = *at
		}
	}
	for _, p := range all {
		if c.on[p.ID] && !slices.ContainsFunc(c.parts[p.ID], c.tooFew) {
			c.products = append(c.products, p)
		} else {
			c.soldOut = append(c.soldOut, p)
		}
	}
	return until
}

// tooFew reports whether none of a part can be ordered though guests must choose one. The same product may be chosen several times.
func (c *content) tooFew(part catalog.Part) bool {
	return part.Min > 0 && !slices.ContainsFunc(part.Choices, func(choice catalog.PartChoice) bool { return c.on[choice.ProductID] })
}

// partViews are the parts of a set menu with the products that can be ordered.
func (c *content) partViews(p catalog.Orderable) []partJSON {
	var views []partJSON
	for _, part := range c.parts[p.ID] {
		v := partJSON{ID: part.ID, Name: part.Name, Min: part.Min, Max: part.Max, Products: []choiceJSON{}, Translations: part.Translations}
		for _, choice := range part.Choices {
			if c.on[choice.ProductID] {
				v.Products = append(v.Products, choiceJSON{choice.ProductID, choice.Extra()})
			}
		}
		views = append(views, v)
	}
	return views
}

// offeredView is for a menu whose sold-out products are sorted out.
func (c *content) offeredView() offeredJSON {
	var v offeredJSON
	used := make(map[string]bool)
	for _, p := range c.products {
		used[p.Category] = true
	}
	for _, p := range c.soldOut {
		used[p.Category] = true
		v.SoldOut = append(v.SoldOut, soldOutJSON{p.Category, productView(p)})
	}
	for _, one := range c.categories {
		if used[one.Name] {
			v.Categories = append(v.Categories, categoryJSON{one.Name, one.ImageURL, one.Translations})
		}
	}
	return v
}

func detailsView(p catalog.Orderable) detailsJSON {
	v := detailsJSON{ContainsAlcohol: p.Alcohol, Origin: p.Origins, Translations: p.Translations}
	if p.IsSetMenu() {
		v.Kind = p.Kind
	}
	if p.TakeawayVAT != 0 && p.TakeawayVAT != p.VATPerMill {
		rate := vat.Percent(p.TakeawayVAT)
		v.VATRateTakeaway = &rate
	}
	return v
}
