package catalogapi

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// product is a product as the API shows it.
type product struct {
	ID            string      `json:"id"`
	MerchantID    string      `json:"merchant_id"`
	Name          string      `json:"name"`
	Description   string      `json:"description"`
	Category      string      `json:"category"`
	PriceTTC      money.Cents `json:"price_ttc"`
	VATRate       vat.Percent `json:"vat_rate"`
	VATCode       string      `json:"vat_code"`
	PriceHT       money.E4    `json:"price_ht"`
	VATAmount     money.E4    `json:"vat_amount"`
	StockQuantity int32       `json:"stock_quantity"`
	ImageURL      *string     `json:"image_url"`
	Allergens     []string    `json:"allergens"`
	OptionGroups  []string    `json:"option_groups"`
	IsAvailable   bool        `json:"is_available"`
	CreatedAt     string      `json:"created_at"`
	UpdatedAt     string      `json:"updated_at"`
	details
	goods
}

func view(p *qrv1.Product) product {
	v := product{
		ID: p.GetId(), MerchantID: p.GetMerchantId(), Name: p.GetName(), Description: p.GetDescription(), Category: p.GetCategory(),
		PriceTTC: money.Cents(p.GetPriceTtcCents()), VATRate: vat.Percent(p.GetVatRatePerMille()), VATCode: p.GetVatCode(),
		PriceHT: money.E4(p.GetPriceHtE4()), VATAmount: money.E4(p.GetVatAmountE4()), StockQuantity: p.GetStockQuantity(), IsAvailable: p.GetIsAvailable(),
		CreatedAt: web.Time(p.GetCreatedAt().AsTime()), UpdatedAt: web.Time(p.GetUpdatedAt().AsTime()), Allergens: allergensView(p.GetAllergens()),
		OptionGroups: append([]string{}, p.GetOptionGroupIds()...), goods: goodsView(p),
	}
	if image := p.GetImageUrl(); image != "" {
		v.ImageURL = &image
	}
	v.details = detailsView(p)
	return v
}

// fields are the fields of a request. Absent fields stay unchanged or get their default.
type fields struct {
	Name          *string         `json:"name"`
	Description   *string         `json:"description"`
	Category      *string         `json:"category"`
	PriceTTC      web.Amount      `json:"price_ttc"`
	VATRate       percentage      `json:"vat_rate"`
	StockQuantity *int32          `json:"stock_quantity"`
	ImageURL      shape.Clearable `json:"image_url"`
	Allergens     allergens       `json:"allergens"`
	OptionGroups  *[]string       `json:"option_groups"`
	IsAvailable   *bool           `json:"is_available"`
	detailFields
	shopFields
}

func (f fields) message() *qrv1.ProductFields {
	m := &qrv1.ProductFields{
		Name: f.Name, Description: f.Description, Category: f.Category, StockQuantity: f.StockQuantity, IsAvailable: f.IsAvailable,
		ImageUrl: f.ImageURL.Text(), VatRatePerMille: f.VATRate.perMille, Allergens: f.Allergens.given,
	}
	if f.OptionGroups != nil {
		m.OptionGroups = &qrv1.OptionGroupIDs{Ids: *f.OptionGroups}
	}
	f.detailFields.fill(m)
	if f.PriceTTC.Given() {
		cents := int64(f.PriceTTC.Cents())
		m.PriceTtcCents = &cents
	}
	return m
}

// percentage is a rate in a request: a JSON number, read from its text.
type percentage struct{ perMille *int32 }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals. The qr service decides which rates are valid; refused here
// is only what cannot be passed to it exactly.
func (p *percentage) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil // absent
	}
	hundredths, err := money.Parse(string(text))
	if err != nil || hundredths < 0 || hundredths > 100_00 || hundredths%10 != 0 {
		return web.Refusal("must be 20, 10, 5.5 or 2.1")
	}
	perMille := int32(hundredths / 10)
	p.perMille = &perMille
	return nil
}
