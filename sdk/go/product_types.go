package eupay

import (
	"encoding/json"
	"time"
)

// Product is a product of the catalog.
type Product struct {
	ID          string `json:"id"`
	MerchantID  string `json:"merchant_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Category    string `json:"category"`
	PriceTTC    Amount `json:"price_ttc"`
	// In percent.
	VATRate json.Number `json:"vat_rate"`
	// One of TVA20, TVA10, TVA55, TVA21.
	VATCode string `json:"vat_code"`
	// Computed.
	PriceHT json.Number `json:"price_ht"`
	// Computed.
	VATAmount     json.Number `json:"vat_amount"`
	StockQuantity int         `json:"stock_quantity"`
	ImageURL      string      `json:"image_url"`
	// Nil: the merchant has not said. Empty: none of the 14.
	Allergens []Allergen `json:"allergens"`
	// Ids of option groups, in the order in which guests choose.
	OptionGroups []string  `json:"option_groups"`
	IsAvailable  bool      `json:"is_available"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	// One of product, set_menu.
	Kind string `json:"kind"`
	// What guests choose of a set menu.
	Parts []SetMenuPart `json:"parts"`
	// The rate of what is taken away, in percent. Empty: VATRate.
	VATRateTakeaway json.Number `json:"vat_rate_takeaway"`
	ContainsAlcohol bool        `json:"contains_alcohol"`
	// StockQuantity does not count.
	StockUnlimited bool `json:"stock_unlimited"`
	// Marked as sold out, until SoldOutUntil. Zero: until further notice.
	SoldOut      bool      `json:"sold_out"`
	SoldOutUntil time.Time `json:"sold_out_until"`
	// The place within the category; equals are in the order of their names.
	Position int          `json:"position"`
	Origin   []MeatOrigin `json:"origin"`
	// By language.
	Translations map[string]Translation `json:"translations"`
	// Your own code.
	SKU string `json:"sku"`
	EAN string `json:"ean"`
	// When the stock comes down to it, product.low_stock is sent. 0: never.
	LowStockAt int `json:"low_stock_at"`
	// In their order. StockQuantity is then what they have together.
	Variants []Variant `json:"variants"`
}

// ProductParams is a product to add.
type ProductParams struct {
	Name        string `json:"name"`
	Description string `json:"description,omitzero"`
	Category    string `json:"category,omitzero"`
	// In euros with VAT, at most two decimals.
	PriceTTC Amount `json:"price_ttc"`
	// 20, 10, 5.5 or 2.1. Empty: 20.
	VATRate json.Number `json:"vat_rate,omitzero"`
	// Nil: 1000.
	StockQuantity *int   `json:"stock_quantity,omitzero"`
	ImageURL      string `json:"image_url,omitzero"`
	// Nil: you do not say. Empty: none of the 14.
	Allergens []Allergen `json:"allergens,omitzero"`
	// Ids of option groups, in the order in which guests choose.
	OptionGroups []string `json:"option_groups,omitzero"`
	// False hides the product from menus. Nil: true.
	IsAvailable *bool `json:"is_available,omitzero"`
	// One of product, set_menu. Empty: product.
	Kind string `json:"kind,omitzero"`
	// What guests choose of a set menu.
	Parts []SetMenuPartParams `json:"parts,omitzero"`
	// The rate of what is taken away, in percent. Empty: the same.
	VATRateTakeaway json.Number `json:"vat_rate_takeaway,omitzero"`
	// Both rates are 20 then.
	ContainsAlcohol bool `json:"contains_alcohol,omitzero"`
	// StockQuantity does not count.
	StockUnlimited bool `json:"stock_unlimited,omitzero"`
	// The place within the category; equals are in the order of their names.
	Position int                `json:"position,omitzero"`
	Origin   []MeatOriginParams `json:"origin,omitzero"`
	// By language, a code of ISO 639-1.
	Translations map[string]Translation `json:"translations,omitzero"`
	SKU          string                 `json:"sku,omitzero"`
	// EAN-8, UPC-A, EAN-13 or GTIN-14, with its check digit.
	EAN string `json:"ean,omitzero"`
	// 0: no alert.
	LowStockAt int `json:"low_stock_at,omitzero"`
}

// ProductChange is what becomes different about a product; nil: nothing.
type ProductChange struct {
	Name        *string `json:"name,omitzero"`
	Description *string `json:"description,omitzero"`
	Category    *string `json:"category,omitzero"`
	// In euros with VAT, at most two decimals.
	PriceTTC *Amount `json:"price_ttc,omitzero"`
	// 20, 10, 5.5 or 2.1.
	VATRate       *json.Number `json:"vat_rate,omitzero"`
	StockQuantity *int         `json:"stock_quantity,omitzero"`
	ImageURL      *string      `json:"image_url,omitzero"`
	// A nil list in it takes back what was said.
	Allergens *[]Allergen `json:"allergens,omitzero"`
	// Ids of option groups, in the order in which guests choose. An empty list in it: none.
	OptionGroups *[]string `json:"option_groups,omitzero"`
	// False hides the product from menus.
	IsAvailable *bool `json:"is_available,omitzero"`
	// One of product, set_menu.
	Kind *string `json:"kind,omitzero"`
	// What guests choose of a set menu, all of it.
	Parts *[]SetMenuPartParams `json:"parts,omitzero"`
	// The rate of what is taken away, in percent. A nil number in it: the same.
	VATRateTakeaway **json.Number `json:"vat_rate_takeaway,omitzero"`
	// Both rates are 20 then.
	ContainsAlcohol *bool `json:"contains_alcohol,omitzero"`
	// StockQuantity does not count.
	StockUnlimited *bool `json:"stock_unlimited,omitzero"`
	// The place within the category; equals are in the order of their names.
	Position *int                `json:"position,omitzero"`
	Origin   *[]MeatOriginParams `json:"origin,omitzero"`
	// By language, all of them.
	Translations *map[string]Translation `json:"translations,omitzero"`
	SKU          *string                 `json:"sku,omitzero"`
	EAN          *string                 `json:"ean,omitzero"`
	// A nil in it: no alert.
	LowStockAt **int `json:"low_stock_at,omitzero"`
}

// Allergen is one of the 14 allergens of Regulation (EU) 1169/2011.
type Allergen string

// AllAllergens are the values of Allergen, in the order of the regulation.
func AllAllergens() []Allergen {
	return []Allergen{
		"gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame", "sulphites", "lupin", "molluscs",
	}
}

// ImageUploadParams is an image to upload.
type ImageUploadParams struct {
	// A name without folders.
	Filename string `json:"filename"`
	// One of image/jpeg, image/png, image/webp, image/gif.
	ContentType string `json:"contentType"`
	// In bytes; with it the store takes exactly that many. 0: it is not told.
	Size int64 `json:"size,omitempty"`
}

// ImageUpload is where to upload an image.
type ImageUpload struct {
	// PUT the bytes here.
	UploadURL string `json:"uploadUrl"`
	// The image's URL afterwards: save it as the product's image_url.
	ImageURL string `json:"imageUrl"`
	Key      string `json:"key"`
	// In seconds.
	ExpiresIn int `json:"expiresIn"`
	// Send these with the upload.
	Headers map[string]string `json:"headers"`
}

// FindImageParams is what an image is looked for by.
type FindImageParams struct {
	Name     string `json:"name"`
	Category string `json:"category,omitzero"`
}
