package order

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// own is the language of merchants: their texts need no translation into it.
const own = "fr"

// languagesOf are those that the guest reads, the best first, up to the merchant's own.
func languagesOf(r *web.Request) []string {
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return nil
	}
	var codes []string
	for _, tag := range tags {
		base, _ := tag.Base()
		if base.String() == own {
			break
		}
		if !slices.Contains(codes, base.String()) {
			codes = append(codes, base.String())
		}
	}
	return codes
}

// in is a name in the first language that has it, otherwise as the merchant wrote it.
func in(languages []string, t map[string]eupay.Translation, name string) string {
	for _, code := range languages {
		if said := t[code].Name; said != "" {
			return said
		}
	}
	return name
}

func described(languages []string, t map[string]eupay.Translation, text string) string {
	for _, code := range languages {
		if said := t[code].Description; said != "" {
			return said
		}
	}
	return text
}

// translate puts the menu into the guest's language where the merchant has said how; the names of categories are put on its sections.
func translate(m *eupay.Menu, languages []string) {
	if len(languages) == 0 {
		return
	}
	for _, products := range m.Menu {
		for i := range products {
			p := &products[i]
			p.Name, p.Description = in(languages, p.Translations, p.Name), described(languages, p.Translations, p.Description)
			for j := range p.Parts {
				p.Parts[j].Name = in(languages, p.Parts[j].Translations, p.Parts[j].Name)
			}
		}
	}
	for i := range m.SoldOut {
		p := &m.SoldOut[i]
		p.Name, p.Description = in(languages, p.Translations, p.Name), described(languages, p.Translations, p.Description)
	}
	for i := range m.OptionGroups {
		g := &m.OptionGroups[i]
		g.Name = in(languages, g.Translations, g.Name)
		for j := range g.Options {
			g.Options[j].Name = in(languages, g.Options[j].Translations, g.Options[j].Name)
		}
	}
}

// origins say where the meats of a dish come from, as the decrees want it read.
func origins(r *web.Request, list []eupay.MeatOrigin) []string {
	var out []string
	for _, o := range list {
		meat := r.Text.T("meat." + o.Meat)
		switch {
		case slices.Equal(o.Reared, o.Slaughtered) && slices.Equal(o.Born, o.Reared):
			out = append(out, r.Text.T("order.origin", "meat", meat, "countries", countries(r, o.Born)))
		case len(o.Born) == 0:
			out = append(out, r.Text.T("order.origin_reared", "meat", meat, "reared", countries(r, o.Reared), "slaughtered", countries(r, o.Slaughtered)))
		default:
			out = append(out, r.Text.T("order.origin_born", "meat", meat, "born", countries(r, o.Born), "reared", countries(r, o.Reared),
				"slaughtered", countries(r, o.Slaughtered)))
		}
	}
	return out
}

// countries are the names of countries in the language of the page.
func countries(r *web.Request, codes []string) string {
	names := display.Regions(language.Make(r.Text.Code))
	var out []string
	for _, code := range codes {
		name := code
		if region, err := language.ParseRegion(code); err == nil && names != nil {
			name = names.Name(region)
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}
