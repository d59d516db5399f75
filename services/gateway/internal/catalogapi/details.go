package catalogapi

import (
	"cmp"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// details are what a product has beside its name, price and stock.
type details struct {
	Kind            string       `json:"kind"`
	Parts           []part       `json:"parts"`
	VATRateTakeaway *vat.Percent `json:"vat_rate_takeaway"`
	ContainsAlcohol bool         `json:"contains_alcohol"`
	StockUnlimited  bool         `json:"stock_unlimited"`
	SoldOut         bool         `json:"sold_out"`
	SoldOutUntil    *string      `json:"sold_out_until"`
	Position        int32        `json:"position"`
	Origin          []origin     `json:"origin"`
	Translations    translations `json:"translations"`
}

// part is what guests choose of a set menu.
type part struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Min          int32        `json:"min_choices"`
	Max          int32        `json:"max_choices"`
	Course       *int32       `json:"course"`
	Products     []choice     `json:"products"`
	Translations translations `json:"translations"`
}

type choice struct {
	ProductID  string      `json:"product_id"`
	Supplement money.Cents `json:"supplement"`
}

type origin struct {
	Meat        string   `json:"meat"`
	Born        []string `json:"born"`
	Reared      []string `json:"reared"`
	Slaughtered []string `json:"slaughtered"`
}

// translations are by language.
type translations map[string]translation

type translation struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
}

func translationsView(m map[string]*qrv1.Translation) translations {
	out := make(translations, len(m))
	for language, t := range m {
		out[language] = translation{t.GetName(), t.GetDescription()}
	}
	return out
}

// message is nil for what is not given.
func (t *translations) message() *qrv1.Translations {
	if t == nil {
		return nil
	}
	return &qrv1.Translations{ByLanguage: t.byLanguage()}
}

func (t translations) byLanguage() map[string]*qrv1.Translation {
	out := make(map[string]*qrv1.Translation, len(t))
	for language, text := range t {
		out[language] = &qrv1.Translation{Name: text.Name, Description: text.Description}
	}
	return out
}

func detailsView(p *qrv1.Product) details {
	v := details{
		Kind: cmp.Or(p.GetKind(), "product"), Parts: []part{}, ContainsAlcohol: p.GetContainsAlcohol(), StockUnlimited: p.GetStockUnlimited(), SoldOut: p.GetSoldOut(),
		SoldOutUntil: web.OptionalStamp(p.GetSoldOutUntil()), Position: p.GetPosition(), Origin: []origin{}, Translations: translationsView(p.GetTranslations()),
	}
	if r := p.GetVatRateTakeawayPerMille(); r != 0 {
		rate := vat.Percent(r)
		v.VATRateTakeaway = &rate
	}
	for _, m := range p.GetParts() {
		one := part{
			ID: m.GetId(), Name: m.GetName(), Min: m.GetMinChoices(), Max: m.GetMaxChoices(), Products: []choice{}, Translations: translationsView(m.GetTranslations()),
		}
		if n := m.GetCourse(); n > 0 {
			one.Course = &n
		}
		for _, c := range m.GetProducts() {
			one.Products = append(one.Products, choice{c.GetProductId(), money.Cents(c.GetSupplementCents())})
		}
		v.Parts = append(v.Parts, one)
	}
	for _, o := range p.GetOrigin() {
		v.Origin = append(v.Origin, origin{
			Meat: o.GetMeat(), Born: append([]string{}, o.GetBorn()...), Reared: append([]string{}, o.GetReared()...), Slaughtered: append([]string{}, o.GetSlaughtered()...),
		})
	}
	return v
}

// detailFields are the details of a request. Absent fields stay unchanged or get their default.
type detailFields struct {
	Kind            *string         `json:"kind"`
	Parts           *[]partFields   `json:"parts"`
	VATRateTakeaway clearableRate   `json:"vat_rate_takeaway"`
	ContainsAlcohol *bool           `json:"contains_alcohol"`
	StockUnlimited  *bool           `json:"stock_unlimited"`
	Position        *int32          `json:"position"`
	Origin          *[]originFields `json:"origin"`
	Translations    *translations   `json:"translations"`
}

type partFields struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Min      *int32 `json:"min_choices"`
	Max      *int32 `json:"max_choices"`
	Course   *int32 `json:"course"`
	Products []struct {
		ProductID  string     `json:"product_id"`
		Supplement web.Amount `json:"supplement"`
	} `json:"products"`
	Translations translations `json:"translations"`
}

// originFields may have Countries in place of the others: all of it was in these.
type originFields struct {
	Meat        string   `json:"meat"`
	Countries   []string `json:"countries"`
	Born        []string `json:"born"`
	Reared      []string `json:"reared"`
	Slaughtered []string `json:"slaughtered"`
}

func (f detailFields) fill(m *qrv1.ProductFields) {
	m.Kind, m.VatRateTakeawayPerMille, m.ContainsAlcohol, m.StockUnlimited = f.Kind, f.VATRateTakeaway.perMille, f.ContainsAlcohol, f.StockUnlimited
	m.Position, m.Translations = f.Position, f.Translations.message()
	if f.Parts != nil {
		m.Parts = &qrv1.SetMenuParts{}
		for _, p := range *f.Parts {
			m.Parts.Parts = append(m.Parts.Parts, p.message())
		}
	}
	if f.Origin != nil {
		m.Origin = &qrv1.MeatOrigins{}
		for _, o := range *f.Origin {
			m.Origin.List = append(m.Origin.List, o.message())
		}
	}
}

// message fills in the default of one product.
func (p partFields) message() *qrv1.SetMenuPart {
	m := &qrv1.SetMenuPart{Id: p.ID, Name: p.Name, MinChoices: 1, MaxChoices: 1, Translations: p.Translations.byLanguage()}
	if p.Max != nil {
		m.MaxChoices = *p.Max
	}
	if p.Min != nil {
		m.MinChoices = *p.Min
	}
	if p.Course != nil {
		m.Course = *p.Course
	}
	for _, c := range p.Products {
		m.Products = append(m.Products, &qrv1.SetMenuChoice{ProductId: c.ProductID, SupplementCents: int64(c.Supplement.Cents())})
	}
	return m
}

func (o originFields) message() *qrv1.MeatOrigin {
	m := &qrv1.MeatOrigin{Meat: o.Meat, Born: o.Born, Reared: o.Reared, Slaughtered: o.Slaughtered}
	for _, list := range []*[]string{&m.Born, &m.Reared, &m.Slaughtered} {
		if len(*list) == 0 {
			*list = o.Countries
		}
	}
	return m
}

// clearableRate is a rate that null clears.
type clearableRate struct{ percentage }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (r *clearableRate) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		r.perMille = new(int32)
		return nil
	}
	if err := r.percentage.UnmarshalJSON(text); err != nil || *r.perMille == 0 {
		return web.Refusal("must be 20, 10, 5.5, 2.1 or null")
	}
	return nil
}
