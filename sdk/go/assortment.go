package eupay

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// The kinds of products.
const (
	KindProduct = "product"
	KindSetMenu = "set_menu"
)

// SetMenuPart is what guests choose of a set menu, such as the starter.
type SetMenuPart struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// How many products the guest must and may choose.
	MinChoices int `json:"min_choices"`
	MaxChoices int `json:"max_choices"`
	// The course to which what is chosen belongs in the kitchen; 0: none.
	Course   int             `json:"course"`
	Products []SetMenuChoice `json:"products"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// SetMenuChoice is a product of a part.
type SetMenuChoice struct {
	ProductID string `json:"product_id"`
	// Added to the price of the set menu, in euros with VAT at the product's rate.
	Supplement Amount `json:"supplement,omitzero"`
}

// SetMenuPartParams is a part of a set menu to add or replace.
type SetMenuPartParams struct {
	// Of a part that the product has; empty: a new one.
	ID   string `json:"id,omitzero"`
	Name string `json:"name"`
	// Nil: 1.
	MinChoices *int `json:"min_choices,omitzero"`
	// 0: 1.
	MaxChoices int `json:"max_choices,omitzero"`
	// The course to which what is chosen belongs in the kitchen, from 1 to 9; 0: none.
	Course   int             `json:"course,omitzero"`
	Products []SetMenuChoice `json:"products"`
	// Names by language.
	Translations map[string]Translation `json:"translations,omitzero"`
}

// Translation is a text in another language; what is empty is as it is.
type Translation struct {
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
}

// MeatOrigin says where a meat comes from, in codes of ISO 3166-1.
type MeatOrigin struct {
	// One of beef, pork, lamb, poultry.
	Meat        string   `json:"meat"`
	Born        []string `json:"born"`
	Reared      []string `json:"reared"`
	Slaughtered []string `json:"slaughtered"`
}

// MeatOriginParams says where a meat comes from, in codes of ISO 3166-1.
type MeatOriginParams struct {
	// One of beef, pork, lamb, poultry.
	Meat string `json:"meat"`
	// Countries of birth, rearing and slaughter alike.
	Countries   []string `json:"countries,omitzero"`
	Born        []string `json:"born,omitzero"`
	Reared      []string `json:"reared,omitzero"`
	Slaughtered []string `json:"slaughtered,omitzero"`
}

// MenuSetPart is what a guest chooses of a set menu on the menu.
type MenuSetPart struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	MinChoices int    `json:"min_choices"`
	MaxChoices int    `json:"max_choices"`
	// Products of the menu. Those that cannot be ordered now are left out.
	Products []SetMenuChoice `json:"products"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// MenuCategory is a part of the menu.
type MenuCategory struct {
	Name     string `json:"name"`
	ImageURL string `json:"image_url"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// SoldOutProduct is a product that cannot be ordered now.
type SoldOutProduct struct {
	Category    string `json:"category"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	PriceTTC    Amount `json:"price_ttc"`
	// Rounded to four decimals.
	PriceHT  json.Number `json:"price_ht"`
	VATRate  json.Number `json:"vat_rate"`
	ImageURL string      `json:"image_url"`
	// Nil: the merchant has not said. Empty: none of the 14.
	Allergens []Allergen `json:"allergens"`
	// set_menu, or empty.
	Kind string `json:"kind"`
	// The rate of what is taken away, in percent. Empty: VATRate.
	VATRateTakeaway json.Number  `json:"vat_rate_takeaway"`
	ContainsAlcohol bool         `json:"contains_alcohol"`
	Origin          []MeatOrigin `json:"origin"`
	// By language.
	Translations map[string]Translation `json:"translations"`
}

// OrderItemPart is a product that is chosen for a part of a set menu.
type OrderItemPart struct {
	// The id of the part.
	Part      string `json:"part"`
	ProductID string `json:"product_id"`
	// The ids of what is chosen from the product's option groups.
	Options []string `json:"options,omitzero"`
	// Course from 1 to 9. 0: that of the part, else that of the item.
	Course int `json:"course,omitzero"`
}

// OrderPart is what was chosen for a part of a set menu, as it was when the order was placed.
type OrderPart struct {
	// The id of the part.
	Part       string         `json:"part"`
	PartName   string         `json:"part_name"`
	ProductID  string         `json:"product_id"`
	Name       string         `json:"name"`
	Supplement Amount         `json:"supplement"`
	VATRate    json.Number    `json:"vat_rate"`
	Options    []ChosenOption `json:"options"`
	// The part's place in the line, from 1: how it is named. There are as many of it as of the line.
	Position int `json:"position"`
	// How far it is in the kitchen.
	Status LineStatus `json:"status"`
	// The course to which it belongs; 0: none.
	Course int `json:"course"`
	// Since when it is to be made; zero while its course waits, or the order is not received yet.
	FiredAt time.Time `json:"fired_at"`
	// Where it is made; nil for guests, and without stations.
	Station *LineStation `json:"station"`
}

// The ends of a time in which a product is sold out.
const (
	// SoldOutTomorrow is 4 o'clock of the next morning in Paris.
	SoldOutTomorrow      = "tomorrow"
	SoldOutFurtherNotice = "further_notice"
)

// SetSoldOut marks a product as sold out until then: SoldOutTomorrow or SoldOutFurtherNotice. Its stock stays as it is.
func (s Products) SetSoldOut(ctx context.Context, id, until string) (*Product, error) {
	return get[Product](ctx, s.c, call{method: http.MethodPost, path: productPath + "/sold-out", ids: []string{id}, body: map[string]string{"until": until}})
}

// ClearSoldOut marks a product as on sale again.
func (s Products) ClearSoldOut(ctx context.Context, id string) (*Product, error) {
	return get[Product](ctx, s.c, call{method: http.MethodDelete, path: productPath + "/sold-out", ids: []string{id}})
}

// Category is a part of the catalog, which products name.
type Category struct {
	Name     string `json:"name"`
	ImageURL string `json:"image_url"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
	// How many products name it.
	Products int `json:"products"`
}

// CategoryParams is a category with its place in a list.
type CategoryParams struct {
	Name     string `json:"name"`
	ImageURL string `json:"image_url,omitzero"`
	// Names by language.
	Translations map[string]Translation `json:"translations,omitzero"`
}

// Categories are the parts of the merchant's catalog. It takes a login.
type Categories struct{ c *caller }

type categoryList struct {
	Data []Category `json:"data"`
}

const categoriesPath = "/product/categories"

// List reads all categories in the order of the menu.
func (s Categories) List(ctx context.Context) ([]Category, error) {
	v, err := get[categoryList](ctx, s.c, call{method: http.MethodGet, path: categoriesPath})
	if err != nil {
		return nil, err
	}
	return v.Data, nil
}

// Replace puts the categories in order, with their pictures and translations. One that is left out loses its place and its picture.
func (s Categories) Replace(ctx context.Context, list []CategoryParams) ([]Category, error) {
	v, err := get[categoryList](ctx, s.c, call{method: http.MethodPut, path: categoriesPath, body: map[string][]CategoryParams{"categories": list}})
	if err != nil {
		return nil, err
	}
	return v.Data, nil
}
