package order

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// optionField begins the fields that hold what is chosen of a product's groups: o_<product>.<group>.
const optionField = "o_"

// picked is an option as the page shows it.
type picked struct {
	eupay.Option
	// Field is that of its group.
	Field  string
	Chosen bool
	// Groups are the options of a product that is chosen for a part of a set menu.
	Groups []picks
	// Base: it is a variant, whose price is that of the product, which offers are on.
	Base bool
}

// Cents is the price for the page's script.
func (p picked) Cents() string { return strconv.FormatInt(int64(p.Price), 10) }

// picks is a group of options of a dish.
type picks struct {
	eupay.MenuOptionGroup
	Options []picked
}

// One reports whether exactly one option is chosen, so that choosing another takes its place.
func (p picks) One() bool { return p.MinChoices == 1 && p.MaxChoices == 1 }

// optionsIn returns the options in the form that are chosen of a product, in an order that stays the same.
func optionsIn(f *web.Form, product string) []string {
	var ids []string
	for name, values := range f.Values {
		if strings.HasPrefix(name, optionField+product+".") && name != variantFieldOf(product) {
			ids = append(ids, values...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// picksOf returns groups of options, whose fields begin with field. chosen counts if the product is in the basket; else there are the defaults,
// and an option that must be chosen.
func picksOf(m *eupay.Menu, groups []string, field string, chosen []string, inBasket bool) []picks {
	var out []picks
	for _, id := range groups {
		i := slices.IndexFunc(m.OptionGroups, func(g eupay.MenuOptionGroup) bool { return g.ID == id })
		if i < 0 {
			continue
		}
		g := picks{MenuOptionGroup: m.OptionGroups[i]}
		one := false
		for _, o := range m.OptionGroups[i].Options {
			p := picked{Option: o, Field: field + "." + id, Chosen: slices.Contains(chosen, o.ID)}
			if !inBasket {
				p.Chosen = o.IsDefault && o.IsAvailable
			}
			one = one || p.Chosen
			g.Options = append(g.Options, p)
		}
		if !one && !inBasket {
			g.chooseFirst()
		}
		out = append(out, g)
	}
	return out
}

// chooseFirst chooses the first option of a group of which exactly one is chosen.
func (p picks) chooseFirst() {
	if first := slices.IndexFunc(p.Options, func(o picked) bool { return o.IsAvailable }); p.One() && first >= 0 {
		p.Options[first].Chosen = true
	}
}

// chosenOf returns the options that are chosen, and what they add to the price of one piece.
func chosenOf(groups []picks) (list []picked, extra eupay.Amount) {
	for _, g := range groups {
		for _, o := range g.Options {
			if o.Chosen {
				list = append(list, o)
				extra += o.Price
				more, price := chosenOf(o.Groups)
				list, extra = append(list, more...), extra+price
			}
		}
	}
	return list, extra
}

// namesOf lists what is chosen for a line of the basket.
func namesOf(list []picked) string {
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.Name
	}
	return strings.Join(names, ", ")
}

// Most is how many options of the group a guest may choose, for the words of the page.
func (p picks) Most() int { return cmp.Or(p.MaxChoices, 1) }
