package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// meats are those whose origin a menu states, and languages those that the form has.
var (
	meats     = []string{"beef", "pork", "lamb", "poultry"}
	languages = []string{"en", "de", "es", "it"}
)

func showDetails(f *web.Form, p *eupay.Product) {
	f.Values.Set("vat_rate_takeaway", p.VATRateTakeaway.String())
	f.Values.Set("position", strconv.Itoa(p.Position))
	tick := func(name string, on bool) {
		if on {
			f.Values.Set(name, "1")
		}
	}
	tick("contains_alcohol", p.ContainsAlcohol)
	tick("stock_unlimited", p.StockUnlimited)
	for _, o := range p.Origin {
		f.Values.Set("born_"+o.Meat, strings.Join(o.Born, ", "))
		f.Values.Set("reared_"+o.Meat, strings.Join(o.Reared, ", "))
		f.Values.Set("slaughtered_"+o.Meat, strings.Join(o.Slaughtered, ", "))
	}
	for language, t := range p.Translations {
		f.Values.Set("name_"+language, t.Name)
		f.Values.Set("description_"+language, t.Description)
	}
}

// readDetails takes from the form what a product has beside its name, price and stock. What the form does not have stays as it is.
func readDetails(r *web.Request, f *web.Form, c *eupay.ProductChange) {
	if !f.Values.Has("vat_rate_takeaway") {
		return
	}
	var takeaway *json.Number
	if text := f.Get("vat_rate_takeaway"); text != "" {
		rate := json.Number(text)
		takeaway = &rate
		if !slices.Contains(rates, text) {
			f.Wrong("vat_rate_takeaway", r.Text.T("catalog.rate_wrong"))
		}
	}
	c.VATRateTakeaway, c.ContainsAlcohol, c.StockUnlimited = &takeaway, eupay.Ptr(f.Is("contains_alcohol")), eupay.Ptr(f.Is("stock_unlimited"))
	position := 0
	if text := f.Get("position"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			f.Wrong("position", r.Text.T("catalog.number_wrong"))
		}
		position = n
	}
	c.Position, c.Origin, c.Translations = &position, eupay.Ptr(originIn(f)), eupay.Ptr(translationsIn(f))
}

func originIn(f *web.Form) []eupay.MeatOriginParams {
	list := []eupay.MeatOriginParams{}
	for _, meat := range meats {
		o := eupay.MeatOriginParams{Meat: meat, Born: codes(f.Get("born_" + meat)), Reared: codes(f.Get("reared_" + meat)), Slaughtered: codes(f.Get("slaughtered_" + meat))}
		if len(o.Born)+len(o.Reared)+len(o.Slaughtered) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// codes are those of countries that somebody typed.
func codes(text string) []string {
	return strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return r < 'A' || r > 'Z' })
}

func translationsIn(f *web.Form) map[string]eupay.Translation {
	out := map[string]eupay.Translation{}
	for _, language := range languages {
		if t := (eupay.Translation{Name: f.Get("name_" + language), Description: f.Get("description_" + language)}); t != (eupay.Translation{}) {
			out[language] = t
		}
	}
	return out
}

// keepTranslations keeps languages that the form does not have.
func keepTranslations(p *eupay.Product, c *eupay.ProductChange) {
	if p == nil || c.Translations == nil {
		return
	}
	kept := maps.Clone(p.Translations)
	maps.DeleteFunc(kept, func(language string, _ eupay.Translation) bool { return slices.Contains(languages, language) })
	if kept == nil {
		return
	}
	maps.Copy(kept, *c.Translations)
	c.Translations = &kept
}

// newDetails are those of a product to add.
func newDetails(c eupay.ProductChange, p *eupay.ProductParams) {
	if c.VATRateTakeaway == nil {
		return
	}
	if rate := *c.VATRateTakeaway; rate != nil {
		p.VATRateTakeaway = *rate
	}
	p.ContainsAlcohol, p.StockUnlimited, p.Position, p.Origin, p.Translations = *c.ContainsAlcohol, *c.StockUnlimited, *c.Position, *c.Origin, *c.Translations
}

// soldOut marks a product as sold out, or without a time as on sale again.
func soldOut(r *web.Request) error {
	until, notice := r.FormValue("until"), "product_back"
	var err error
	if until == "" {
		_, err = r.API.Products.ClearSoldOut(r.Ctx(), r.PathValue("id"))
	} else {
		_, err = r.API.Products.SetSoldOut(r.Ctx(), r.PathValue("id"), until)
		notice = "product_out"
	}
	if err != nil {
		return err
	}
	return r.Redirect(r.Next(home), notice)
}
