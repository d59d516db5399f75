package order

import (
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// partField begins the fields that hold what is chosen for the parts of a set menu, p_<choice>.<part>, and partOptionField those with the options of
// what is chosen, x_<choice>.<part>.<product>.<group>.
const (
	partField       = "p_"
	partOptionField = "x_"
)

// separator separates a product from the number of another choice of it.
const separator = "~"

// maxAgain is how many choices of one product a basket may have beside the first.
const maxAgain = 20

// Product is the id of the product.
func (c choice) Product() string {
	id, _, _ := strings.Cut(c.ID, separator)
	return id
}

// keysOf are the choices of a product that the page shows: the first, others in the basket, and one more that the guest asks for.
func keysOf(f *web.Form, product eupay.MenuProduct, chosen map[string]choice) []string {
	keys := []string{product.ID}
	wanted := f.Get("step") == "another:"+product.ID
	for n := 2; n < maxAgain+2; n++ {
		key := product.ID + separator + strconv.Itoa(n)
		if _, ok := chosen[key]; ok {
			keys = append(keys, key)
		} else if wanted {
			keys, wanted = append(keys, key), false
		}
	}
	return keys
}

// partsIn returns what is chosen in the form for the parts of a set menu, in an order that stays the same.
func partsIn(f *web.Form, key string) []eupay.OrderItemPart {
	var parts []eupay.OrderItemPart
	for name, products := range f.Values {
		id, ok := strings.CutPrefix(name, partField+key+".")
		if !ok {
			continue
		}
		for _, product := range products {
			parts = append(parts, eupay.OrderItemPart{Part: id, ProductID: product, Options: idsIn(f, partOptionField+key+"."+id+"."+product+".")})
		}
	}
	slices.SortFunc(parts, func(a, b eupay.OrderItemPart) int { return strings.Compare(a.Part+a.ProductID, b.Part+b.ProductID) })
	return parts
}

// idsIn returns the values of fields with that prefix, in an order that stays the same.
func idsIn(f *web.Form, prefix string) []string {
	var ids []string
	for name, values := range f.Values {
		if strings.HasPrefix(name, prefix) {
			ids = append(ids, values...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// partsOf returns the parts of a set menu as groups whose options are products, which have options themselves.
func partsOf(m *eupay.Menu, menu eupay.MenuProduct, c choice) []picks {
	var out []picks
	for _, part := range menu.Parts {
		g := picks{MenuOptionGroup: eupay.MenuOptionGroup{ID: part.ID, Name: part.Name, MinChoices: part.MinChoices, MaxChoices: part.MaxChoices}}
		for _, offered := range part.Products {
			product, ok := find(m, offered.ProductID)
			if !ok {
				continue
			}
			one := picked{
				Option: eupay.Option{ID: product.ID, Name: product.Name, Price: offered.Supplement, IsAvailable: true}, Field: partField + c.ID + "." + part.ID,
			}
			var options []string
			for _, p := range c.Parts {
				if p.Part == part.ID && p.ProductID == product.ID {
					one.Chosen, options = true, p.Options
				}
			}
			one.Groups = picksOf(m, product.OptionGroups, partOptionField+c.ID+"."+part.ID+"."+product.ID, options, one.Chosen)
			g.Options = append(g.Options, one)
		}
		if c.Quantity == 0 {
			g.chooseFirst()
		}
		if len(g.Options) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func find(m *eupay.Menu, id string) (eupay.MenuProduct, bool) {
	for _, products := range m.Menu {
		if i := slices.IndexFunc(products, func(p eupay.MenuProduct) bool { return p.ID == id }); i >= 0 {
			return products[i], true
		}
	}
	return eupay.MenuProduct{}, false
}

// named is a category of the menu, with the name that the guest reads.
type named struct{ Name, Title string }

// arrange puts the categories in the merchant's order, others after them by name, and what has none last. It adds what is sold out.
func arrange(r *web.Request, m *eupay.Menu, all []section) []section {
	for _, p := range m.SoldOut {
		i := slices.IndexFunc(all, func(s section) bool { return s.Name == p.Category })
		if i < 0 {
			i, all = len(all), append(all, section{Name: p.Category, Title: p.Category})
		}
		all[i].Out = append(all[i].Out, p)
	}
	place := make(map[string]int, len(m.Categories))
	for i, c := range m.Categories {
		place[c.Name] = i
	}
	for i := range all {
		if at, ok := place[all[i].Name]; ok {
			all[i].Title, all[i].Picture = in(languagesOf(r), m.Categories[at].Translations, all[i].Name), r.Picture(m.Categories[at].ImageURL)
		}
	}
	slices.SortFunc(all, func(a, b section) int {
		i, placed := place[a.Name]
		j, other := place[b.Name]
		switch {
		case placed && other:
			return i - j
		case placed != other:
			if placed {
				return -1
			}
			return 1
		case (a.Name == "") != (b.Name == ""):
			return strings.Compare(b.Name, a.Name)
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return all
}
