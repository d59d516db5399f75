package catalogapi

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Product is a product as the API shows it.
type Product = product

// View returns a product as the API shows it.
func View(p *qrv1.Product) Product { return view(p) }

// goods are what a shop has of a product beside the menu.
type goods struct {
	SKU        *string   `json:"sku"`
	EAN        *string   `json:"ean"`
	LowStockAt *int32    `json:"low_stock_at"`
	Variants   []Variant `json:"variants"`
}

func goodsView(p *qrv1.Product) goods {
	s := goods{SKU: web.OrNull(p.GetSku()), EAN: web.OrNull(p.GetEan()), LowStockAt: threshold(p.GetLowStockAt()), Variants: []Variant{}}
	for _, v := range p.GetVariants() {
		s.Variants = append(s.Variants, VariantView(v))
	}
	return s
}

// threshold is null where nothing is announced.
func threshold(at int32) *int32 {
	if at == 0 {
		return nil
	}
	return &at
}

// Variant is a variant as the API shows it.
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

// VariantView returns a variant as the API shows it.
func VariantView(v *qrv1.Variant) Variant {
	out := Variant{
		ID: v.GetId(), ProductID: v.GetProductId(), Name: v.GetName(), Attributes: v.GetAttributes(), SKU: web.OrNull(v.GetSku()), EAN: web.OrNull(v.GetEan()),
		PriceTTC: (*money.Cents)(v.PriceTtcCents), StockQuantity: v.GetStockQuantity(), LowStockAt: threshold(v.GetLowStockAt()), IsAvailable: v.GetIsAvailable(),
		CreatedAt: web.Time(v.GetCreatedAt().AsTime()), UpdatedAt: web.Time(v.GetUpdatedAt().AsTime()),
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	return out
}

// shopFields are those of a request.
type shopFields struct {
	SKU        Clearable  `json:"sku"`
	EAN        Clearable  `json:"ean"`
	LowStockAt LowStockAt `json:"low_stock_at"`
}

func (f shopFields) fill(m *qrv1.ProductFields, actor string) *qrv1.ProductFields {
	m.Sku, m.Ean, m.LowStockAt, m.Actor = f.SKU.text, f.EAN.text, f.LowStockAt.at, actor
	return m
}

// Clearable is a text in a request that null clears.
type Clearable = clearable

// Text returns the text; nil if it is absent, and empty for null.
func (c clearable) Text() *string { return c.text }

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
