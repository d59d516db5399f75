package catalogapi

import (
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// View returns a product as the API shows it.
func View(p *qrv1.Product) any { return view(p) }

// goods are what a shop has of a product beside the menu.
type goods struct {
	SKU        *string         `json:"sku"`
	EAN        *string         `json:"ean"`
	LowStockAt *int32          `json:"low_stock_at"`
	Variants   []shape.Variant `json:"variants"`
}

func goodsView(p *qrv1.Product) goods {
	s := goods{SKU: web.OrNull(p.GetSku()), EAN: web.OrNull(p.GetEan()), LowStockAt: shape.Threshold(p.GetLowStockAt()), Variants: []shape.Variant{}}
	for _, v := range p.GetVariants() {
		s.Variants = append(s.Variants, shape.VariantOf(v))
	}
	return s
}

// shopFields are those of a request.
type shopFields struct {
	SKU        shape.Clearable  `json:"sku"`
	EAN        shape.Clearable  `json:"ean"`
	LowStockAt shape.LowStockAt `json:"low_stock_at"`
}

func (f shopFields) fill(m *qrv1.ProductFields, actor string) *qrv1.ProductFields {
	m.Sku, m.Ean, m.LowStockAt, m.Actor = f.SKU.Text(), f.EAN.Text(), f.LowStockAt.Given(), actor
	return m
}
