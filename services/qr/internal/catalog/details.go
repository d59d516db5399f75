package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The kinds of products.
const (
	plain   = "product"
	setMenu = "set_menu"
)

// maxPosition is the highest place of a product.
const maxPosition = 1_000_000

// Details are what a product has beside its name, price and stock.
type Details struct {
	// Kind is "product" or "set_menu".
	Kind string
	// Parts are what guests choose of a set menu; other products have none.
	Parts []Part
	// TakeawayVAT is the rate of what is taken away; 0: the product's.
	TakeawayVAT vat.Rate
	// Alcohol is always taxed at the standard rate (CGI, article 279 m and n).
	Alcohol bool
	// Unlimited products have a stock that does not count.
	Unlimited bool
	SoldOut   bool
	// SoldOutUntil is when a product that is sold out is on sale again by itself; nil: not by itself.
	SoldOutUntil *time.Time
	// Position is the place within the category; equals are in the order of their names.
	Position     int32
	Origins      []Origin
	Translations Translations
}

// DetailFields are the details that a merchant sets; nil if not given.
type DetailFields struct {
	Kind         *string
	Parts        *[]Part
	TakeawayVAT  *vat.Rate
	Alcohol      *bool
	Unlimited    *bool
	Position     *int32
	Origins      *[]Origin
	Translations *Translations
}

// soldOut reports whether a product is marked as sold out at that time.
func soldOut(marked bool, until *time.Time, now time.Time) bool {
	return marked && (until == nil || now.Before(*until))
}

func (f DetailFields) fill(d *Details) {
	set(&d.Kind, f.Kind)
	set(&d.Parts, f.Parts)
	set(&d.TakeawayVAT, f.TakeawayVAT)
	set(&d.Alcohol, f.Alcohol)
	set(&d.Unlimited, f.Unlimited)
	set(&d.Position, f.Position)
	set(&d.Origins, f.Origins)
	set(&d.Translations, f.Translations)
}

// check cleans and validates the given details.
func (f *DetailFields) check(bad *refusals) {
	if f.Kind != nil {
		bad.unless(*f.Kind == plain || *f.Kind == setMenu, "kind", "must be product or set_menu")
	}
	if f.TakeawayVAT != nil {
		bad.unless(*f.TakeawayVAT == 0 || f.TakeawayVAT.Code() != "", "vat_rate_takeaway", "must be 20, 10, 5.5, 2.1 or null")
	}
	if f.Position != nil {
		bad.unless(*f.Position >= 0 && *f.Position <= maxPosition, "position", "must be from 0 to %d", maxPosition)
	}
	if f.Parts != nil {
		bad.parts(*f.Parts)
	}
	if f.Origins != nil {
		bad.origins(*f.Origins)
	}
	if f.Translations != nil {
		bad.translations("translations", *f.Translations, maxName, maxDescription)
	}
}

// consistent checks what depends on several fields, of which a request may give one.
func (p *Product) consistent() error {
	var bad refusals
	bad.unless(!p.Alcohol || p.VATPerMill == vat.Standard, "vat_rate", "must be 20 for a product that contains alcohol")
	bad.unless(!p.Alcohol || p.TakeawayVAT == 0 || p.TakeawayVAT == vat.Standard, "vat_rate_takeaway", "must be 20 or null for a product that contains alcohol")
	if p.Kind == setMenu {
		bad.unless(len(p.Parts) > 0, "parts", "must have at least 1 part for a set menu")
	} else {
		bad.unless(len(p.Parts) == 0, "parts", "must be empty for a product that is no set menu")
	}
	return bad.err()
}

// Translations are texts by language, a code of ISO 639-1.
type Translations map[string]Translation

// Translation is a text in another language; what is empty is as it is.
type Translation struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
}

// maxLanguages is the maximum of one text.
const maxLanguages = 10

// translations cleans texts. longest is of a name, and most of a description, which 0 forbids.
func (r *refusals) translations(field string, of Translations, longest, most int) {
	r.unless(len(of) <= maxLanguages, field, "must have at most %d languages", maxLanguages)
	for language, t := range of {
		if !isLanguage(language) {
			r.unless(false, field, "must be by language, as two small letters such as en")
			return
		}
		at := fmt.Sprintf("%s.%s.", field, language)
		var ok bool
		t.Name, ok = plaintext.Line(t.Name, longest)
		r.unless(ok, at+"name", "must have at most %d visible characters", longest)
		t.Description, ok = plaintext.Lines(t.Description, most)
		r.unless(ok, at+"description", "must have at most %d visible characters", most)
		of[language] = t
	}
}

func isLanguage(code string) bool {
	return len(code) == 2 && !strings.ContainsFunc(code, func(r rune) bool { return r < 'a' || r > 'z' })
}

func translationsOf(m map[string]*qrv1.Translation) Translations {
	out := make(Translations, len(m))
	for language, t := range m {
		out[language] = Translation{t.GetName(), t.GetDescription()}
	}
	return out
}

func (t Translations) proto() map[string]*qrv1.Translation {
	out := make(map[string]*qrv1.Translation, len(t))
	for language, text := range t {
		out[language] = &qrv1.Translation{Name: text.Name, Description: text.Description}
	}
	return out
}

func detailsOf(f *qrv1.ProductFields) DetailFields {
	d := DetailFields{
		Kind: f.Kind, TakeawayVAT: (*vat.Rate)(f.VatRateTakeawayPerMille), Alcohol: f.ContainsAlcohol, Unlimited: f.StockUnlimited, Position: f.Position,
	}
	if f.Parts != nil {
		parts := partsOf(f.Parts.GetParts())
		d.Parts = &parts
	}
	if f.Origin != nil {
		origins := originsOf(f.Origin.GetList())
		d.Origins = &origins
	}
	if f.Translations != nil {
		t := translationsOf(f.Translations.GetByLanguage())
		d.Translations = &t
	}
	return d
}

// show adds the details to the message of the product.
func (d *Details) show(m *qrv1.Product) *qrv1.Product {
	m.Kind, m.VatRateTakeawayPerMille, m.ContainsAlcohol, m.StockUnlimited = d.Kind, int32(d.TakeawayVAT), d.Alcohol, d.Unlimited
	m.SoldOut, m.Position, m.Translations = d.SoldOut, d.Position, d.Translations.proto()
	if d.SoldOutUntil != nil {
		m.SoldOutUntil = timestamppb.New(*d.SoldOutUntil)
	}
	for _, p := range d.Parts {
		m.Parts = append(m.Parts, p.proto())
	}
	for _, o := range d.Origins {
		m.Origin = append(m.Origin, &qrv1.MeatOrigin{Meat: o.Meat, Born: o.Born, Reared: o.Reared, Slaughtered: o.Slaughtered})
	}
	return m
}

// Origin says where a meat comes from, as restaurants must (decree 2002-1465, which decree 2022-65 extends to pork, lamb and poultry). Countries are
// codes of ISO 3166-1.
type Origin struct {
	Meat        string   `json:"meat"`
	Born        []string `json:"born,omitempty"`
	Reared      []string `json:"reared,omitempty"`
	Slaughtered []string `json:"slaughtered,omitempty"`
}

// meats are those whose origin the decrees want.
var meats = []string{"beef", "pork", "lamb", "poultry"}

// maxCountries is the maximum of one list.
const maxCountries = 10

func (r *refusals) origins(list []Origin) {
	r.unless(len(list) <= len(meats), "origin", "must name each meat at most once")
	seen := map[string]bool{}
	for i, o := range list[:min(len(list), len(meats))] {
		at := fmt.Sprintf("origin[%d].", i)
		r.unless(slices.Contains(meats, o.Meat) && !seen[o.Meat], at+"meat", "must be %s, each at most once", strings.Join(meats, ", "))
		seen[o.Meat] = true
		r.countries(at+"born", o.Born)
		r.countries(at+"reared", o.Reared)
		r.countries(at+"slaughtered", o.Slaughtered)
		r.unless(len(o.Reared) > 0 && len(o.Slaughtered) > 0, at+"countries", "is required, or else reared and slaughtered")
		r.unless(o.Meat != "beef" || len(o.Born) > 0, at+"born", "is required for beef")
	}
}

func (r *refusals) countries(field string, codes []string) {
	ok := len(codes) <= maxCountries
	for i, code := range codes {
		ok = ok && countries[code] && !slices.Contains(codes[:i], code)
	}
	r.unless(ok, field, "must be at most %d different countries, as codes of ISO 3166-1 such as FR", maxCountries)
}

func originsOf(list []*qrv1.MeatOrigin) []Origin {
	out := make([]Origin, len(list))
	for i, o := range list {
		out[i] = Origin{Meat: o.GetMeat(), Born: o.GetBorn(), Reared: o.GetReared(), Slaughtered: o.GetSlaughtered()}
	}
	return out
}
