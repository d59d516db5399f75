package eupay

import (
	"encoding/json"
	"time"
)

// Table is a table with a code that leads to its menu.
type Table struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Zone     string `json:"zone"`
	Capacity int    `json:"capacity"`
	// One of active, inactive.
	Status  string `json:"status"`
	QRToken string `json:"qr_token"`
	// What the code of the table says.
	QRURL     string    `json:"qr_url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// TableParams is a table to add.
type TableParams struct {
	Name string `json:"name"`
	Zone string `json:"zone,omitzero"`
	// 0: 4.
	Capacity int `json:"capacity,omitzero"`
	// The code of an inactive table leads nowhere. One of active, inactive.
	Status string `json:"status,omitzero"`
}

// TableChange is what becomes different about a table; nil: nothing.
type TableChange struct {
	Name     *string `json:"name,omitzero"`
	Zone     *string `json:"zone,omitzero"`
	Capacity *int    `json:"capacity,omitzero"`
	// One of active, inactive.
	Status *string `json:"status,omitzero"`
}

// Menu is what a guest sees at a table.
type Menu struct {
	Table    MenuTable    `json:"table"`
	Merchant MenuMerchant `json:"merchant"`
	// Products by category, both in the order of their names.
	Menu          map[string][]MenuProduct `json:"menu"`
	Offers        []MenuOffer              `json:"offers"`
	ProductOffers []MenuProductOffer       `json:"productOffers"`
	// OptionGroups are those of the products, each once.
	OptionGroups []MenuOptionGroup `json:"optionGroups"`
	// Categories are those of Menu that the merchant has put in order; others come after them, by name.
	Categories []MenuCategory `json:"categories"`
	// SoldOut are products that cannot be ordered now, though the menu names them.
	SoldOut []SoldOutProduct `json:"soldOut"`
	// Ordering says whether orders are taken now; nil: always.
	Ordering *MenuOrdering `json:"ordering"`
}

// MenuOptionGroup is a choice that guests make of a product.
type MenuOptionGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// How many options the guest must and may choose.
	MinChoices int      `json:"min_choices"`
	MaxChoices int      `json:"max_choices"`
	Options    []Option `json:"options"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// MenuTable is where the guest sits.
type MenuTable struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Zone     string `json:"zone"`
	Capacity int    `json:"capacity"`
}

// MenuMerchant is whose menu it is.
type MenuMerchant struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Currency string `json:"currency"`
}

// MenuProduct is what can be ordered.
type MenuProduct struct {
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
	// OptionGroups are ids of the menu's OptionGroups, in the order in which guests choose.
	OptionGroups []string `json:"option_groups"`
	// set_menu: guests choose from Parts. Empty of other products.
	Kind  string        `json:"kind"`
	Parts []MenuSetPart `json:"parts"`
	// The rate of what is taken away, in percent. Empty: VATRate.
	VATRateTakeaway json.Number  `json:"vat_rate_takeaway"`
	ContainsAlcohol bool         `json:"contains_alcohol"`
	Origin          []MeatOrigin `json:"origin"`
	// By language.
	Translations map[string]Translation `json:"translations"`
	// Variants: an order names one of them.
	Variants []MenuVariant `json:"variants"`
}

// MenuVariant is a variant of a product on the menu.
type MenuVariant struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	PriceTTC   Amount            `json:"price_ttc"`
	// False: sold out.
	IsAvailable bool `json:"is_available"`
}

// IsSetMenu reports whether guests choose from its parts.
func (p MenuProduct) IsSetMenu() bool { return p.Kind == KindSetMenu }

// MenuOffer is an offer on whole orders.
type MenuOffer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// One of percentage, fixed_amount.
	Type     string      `json:"type"`
	Value    json.Number `json:"value"`
	MinOrder Amount      `json:"min_order"`
	StartsAt time.Time   `json:"starts_at"`
	EndsAt   time.Time   `json:"ends_at"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule"`
}

// MenuProductOffer is an offer on one product.
type MenuProductOffer struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	// One of percentage, fixed_price.
	Type  string      `json:"type"`
	Value json.Number `json:"value"`
	// What one piece costs with the offer.
	PriceTTC Amount    `json:"price_ttc"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule"`
}

// Offer is an offer on whole orders.
type Offer struct {
	ID string `json:"id"`
	// The least sum of an order, after offers on products.
	MinOrder Amount `json:"min_order"`
	Name     string `json:"name"`
	// One of percentage, fixed_amount.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros: what the order costs less.
	Value json.Number `json:"value"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at"`
	// Exclusive. Zero: never.
	EndsAt    time.Time `json:"ends_at"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule"`
}

// OfferParams is an offer to make, or what one becomes.
type OfferParams struct {
	// The least sum of an order, after offers on products.
	MinOrder Amount `json:"min_order,omitzero"`
	Name     string `json:"name"`
	// One of percentage, fixed_amount.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros: what the order costs less.
	Value json.Number `json:"value,omitzero"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at,omitzero"`
	// Exclusive. Zero: never.
	EndsAt time.Time `json:"ends_at,omitzero"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule,omitzero"`
}

// ProductOffer is an offer on one product.
type ProductOffer struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	// One of percentage, fixed_price.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros: what one piece costs.
	Value json.Number `json:"value"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at"`
	// Exclusive. Zero: never.
	EndsAt    time.Time `json:"ends_at"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule"`
}

// ProductOfferParams is an offer on a product to make, or what one becomes.
type ProductOfferParams struct {
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	// One of percentage, fixed_price.
	Type string `json:"type"`
	// Percent, at most two decimals; or euros: what one piece costs.
	Value json.Number `json:"value,omitzero"`
	// Zero: at once.
	StartsAt time.Time `json:"starts_at,omitzero"`
	// Exclusive. Zero: never.
	EndsAt time.Time `json:"ends_at,omitzero"`
	// When it counts in each week, besides; nil: always.
	Schedule *WeeklySchedule `json:"schedule,omitzero"`
}
