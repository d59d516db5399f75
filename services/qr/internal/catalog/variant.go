package catalog

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// maxVariants is the maximum of one product, and maxVariantsOfAll of a merchant.
	maxVariants, maxVariantsOfAll = 100, 20_000
	maxSKU                        = 64
	maxAttributes                 = 10
	maxAttributeName              = 40
	maxAttribute                  = 100
	variantNoun                   = "Variant"
)

// Variant is one form of a product, such as a size in a colour, with a stock of its own.
type Variant struct {
	ID, MerchantID, ProductID, Name string
	Attributes                      map[string]string
	SKU, EAN                        string
	// Price includes VAT at the product's rate; nil: the product's price.
	Price *money.Cents
	Stock int32
	// LowStockAt is the stock at which the merchant is told; 0: never.
	LowStockAt           int32
	Available            bool
	CreatedAt, UpdatedAt time.Time
}

// codes are what a product or variant is found by, and its threshold; nil if not given.
type codes struct {
	SKU, EAN   *string
	LowStockAt *int32
}

func (c *codes) check(bad *refusals) {
	if c.SKU != nil {
		s, ok := plaintext.Line(*c.SKU, maxSKU)
		bad.unless(ok && s == *c.SKU, "sku", "must have at most %d visible characters", maxSKU)
	}
	if c.EAN != nil {
		bad.unless(*c.EAN == "" || IsGTIN(*c.EAN), "ean", "must be an EAN-8, UPC-A, EAN-13 or GTIN-14 with the right check digit")
	}
	if c.LowStockAt != nil {
		bad.unless(*c.LowStockAt >= 0 && *c.LowStockAt <= MaxStock, "low_stock_at", "must be from 1 to %d, or null", MaxStock)
	}
}

func (c codes) given() bool { return c.SKU != nil || c.EAN != nil || c.LowStockAt != nil }

// VariantFields are the fields of a variant that a merchant sets; nil if not given.
type VariantFields struct {
	Name       *string
	Attributes *map[string]string
	codes
	// Price that points to nil is the product's again.
	Price     **money.Cents
	Stock     *int32
	Available *bool
}

// VariantFieldsOf reads a request's.
func VariantFieldsOf(m *qrv1.VariantFields) VariantFields {
	f := VariantFields{
		Name: m.Name, codes: codes{SKU: m.Sku, EAN: m.Ean, LowStockAt: m.LowStockAt}, Stock: m.StockQuantity, Available: m.IsAvailable,
	}
	if a := m.GetAttributes(); a != nil {
		values := a.GetValues()
		f.Attributes = &values
	}
	if m.PriceTtcCents != nil || m.GetWithoutPrice() {
		price := (*money.Cents)(m.PriceTtcCents)
		f.Price = &price
	}
	return f
}

func (f VariantFields) fill(v *Variant) {
	set(&v.Name, f.Name)
	set(&v.Attributes, f.Attributes)
	set(&v.SKU, f.SKU)
	set(&v.EAN, f.EAN)
	set(&v.LowStockAt, f.LowStockAt)
	set(&v.Price, f.Price)
	set(&v.Stock, f.Stock)
	set(&v.Available, f.Available)
}

// check cleans and validates the given fields.
func (f *VariantFields) check() error {
	var bad refusals
	if f.Name != nil {
		name := bad.name("name", *f.Name)
		f.Name = &name
	}
	if f.Attributes != nil {
		f.cleanAttributes(&bad)
	}
	f.codes.check(&bad)
	if f.Price != nil && *f.Price != nil {
		bad.unless(**f.Price >= 0 && **f.Price <= MaxPrice, "price_ttc", "must be from 0 to %s, or null", MaxPrice.JSON())
	}
	if f.Stock != nil {
		bad.unless(*f.Stock >= 0 && *f.Stock <= MaxStock, "stock_quantity", "must be from 0 to %d", MaxStock)
	}
	return bad.err()
}

func (f *VariantFields) cleanAttributes(bad *refusals) {
	clean := make(map[string]string, len(*f.Attributes))
	for name, value := range *f.Attributes {
		n, okName := plaintext.Line(name, maxAttributeName)
		v, okValue := plaintext.Line(value, maxAttribute)
		bad.unless(okName && okValue && n != "" && v != "", "attributes", "must have names of 1 to %d and values of 1 to %d visible characters", maxAttributeName,
			maxAttribute)
		clean[n] = v
	}
	bad.unless(len(clean) == len(*f.Attributes) && len(clean) <= maxAttributes, "attributes", "must be at most %d, each name once", maxAttributes)
	f.Attributes = &clean
}

// complete is check for a new variant, which requires a name.
func (f *VariantFields) complete() error {
	var bad refusals
	bad.unless(f.Name != nil, "name", "is required")
	if err := f.check(); err != nil {
		bad = append(bad, errs.From(err).Fields...)
	}
	return bad.err()
}

// PriceOf is what a piece of the variant of a product with the price costs.
func (v Variant) PriceOf(of money.Cents) money.Cents {
	if v.Price != nil {
		return *v.Price
	}
	return of
}

// Message returns the variant for callers of the service.
func (v Variant) Message() *qrv1.Variant {
	return &qrv1.Variant{
		Id: v.ID, ProductId: v.ProductID, Name: v.Name, Attributes: v.Attributes, Sku: v.SKU, Ean: v.EAN, PriceTtcCents: (*int64)(v.Price),
		StockQuantity: v.Stock, LowStockAt: v.LowStockAt, IsAvailable: v.Available, CreatedAt: timestamppb.New(v.CreatedAt), UpdatedAt: timestamppb.New(v.UpdatedAt),
	}
}

// addShop adds to a product's message what a shop has beside the menu.
func (p Product) addShop(m *qrv1.Product) *qrv1.Product {
	m.Sku, m.Ean, m.LowStockAt = p.SKU, p.EAN, p.LowStockAt
	for _, v := range p.Variants {
		m.Variants = append(m.Variants, v.Message())
	}
	return m
}

// shopFields reads from a request what a shop sets.
func (f Fields) shopFields(m *qrv1.ProductFields) Fields {
	f.codes = codes{SKU: m.Sku, EAN: m.Ean, LowStockAt: m.LowStockAt}
	f.Actor = m.GetActor()
	return f
}

// fillShop sets the given fields.
func (f Fields) fillShop(p *Product) {
	set(&p.SKU, f.SKU)
	set(&p.EAN, f.EAN)
	set(&p.LowStockAt, f.LowStockAt)
}

// named is the name of a product with that of its variant.
func named(product, variant string) string { return product + " (" + variant + ")" }

// Message returns the product for callers of the service.
func (p Product) Message() *qrv1.Product { return message(p) }
