package shape

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Variant is a variant of a product in an answer.
type Variant struct {
	ID         string            `json:"id"`
	ProductID  string            `json:"product_id"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	SKU        *string           `json:"sku"`
	EAN        *string           `json:"ean"`
	// PriceTTC is null for the product's price.
	PriceTTC      *money.Cents `json:"price_ttc"`
	StockQuantity int32        `json:"stock_quantity"`
	LowStockAt    *int32       `json:"low_stock_at"`
	IsAvailable   bool         `json:"is_available"`
	CreatedAt     string       `json:"created_at"`
	UpdatedAt     string       `json:"updated_at"`
}

// VariantOf returns a variant as the API shows it.
func VariantOf(v *qrv1.Variant) Variant {
	out := Variant{
		ID: v.GetId(), ProductID: v.GetProductId(), Name: v.GetName(), Attributes: v.GetAttributes(), SKU: web.OrNull(v.GetSku()), EAN: web.OrNull(v.GetEan()),
		PriceTTC: (*money.Cents)(v.PriceTtcCents), StockQuantity: v.GetStockQuantity(), LowStockAt: Threshold(v.GetLowStockAt()), IsAvailable: v.GetIsAvailable(),
		CreatedAt: web.Time(v.GetCreatedAt().AsTime()), UpdatedAt: web.Time(v.GetUpdatedAt().AsTime()),
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	return out
}

// Threshold is the stock at which a merchant is told; null where nothing is announced.
func Threshold(at int32) *int32 {
	if at == 0 {
		return nil
	}
	return &at
}

// Clearable is a text in a request that null clears.
type Clearable struct{ text *string }

// Text returns the text; nil if it is absent, and empty for null.
func (c Clearable) Text() *string { return c.text }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (c *Clearable) UnmarshalJSON(text []byte) error {
	var s *string
	if err := json.Unmarshal(text, &s); err != nil {
		return web.Refusal("must be a string or null")
	}
	if s == nil {
		s = new(string)
	}
	c.text = s
	return nil
}

// LowStockAt is a threshold in a request, which null takes away.
type LowStockAt struct{ at *int32 }

// Given returns the threshold; nil if it is absent, and 0 for null.
func (l LowStockAt) Given() *int32 { return l.at }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (l *LowStockAt) UnmarshalJSON(text []byte) error {
	var n *int32
	if err := json.Unmarshal(text, &n); err != nil || n != nil && *n < 1 {
		return web.Refusal("must be an integer from 1, or null")
	}
	if n == nil {
		n = new(int32)
	}
	l.at = n
	return nil
}
