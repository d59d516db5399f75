package order

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// The fields of the form that belong to a product begin so; its id follows.
const (
	quantityField = "q_"
	noteField     = "n_"
	nameField     = "t_"
)

const (
	// maxQuantity is the most of one product that an order takes.
	maxQuantity = 99
	// atOnce is how many products a page shows. A longer menu is shown by category, and has a search.
	atOnce = 150
)

// choice is what a guest wants of a product.
type choice struct {
	// ID is the product's, and with a number after it for another choice of the same product.
	ID, Name, Note string
	Quantity       int
	// Options are ids, and Variant is one; empty: the product has none.
	Options []string
	// Parts are of a set menu.
	Parts   []eupay.OrderItemPart
	Variant string
}

// chosenIn reads the basket, in an order that stays the same.
func chosenIn(f *web.Form) []choice {
	var out []choice
	for name := range f.Values {
		id, ok := strings.CutPrefix(name, quantityField)
		if !ok || len(id) > 64 {
			continue
		}
		n, err := strconv.Atoi(f.Get(name))
		if err != nil || n < 1 {
			continue
		}
		out = append(out, choice{
			ID: id, Name: f.Get(nameField + id), Note: f.Get(noteField + id), Quantity: min(n, maxQuantity), Options: optionsIn(f, id), Parts: partsIn(f, id),
			Variant: variantIn(f, id),
		})
	}
	slices.SortFunc(out, func(a, b choice) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// whatWasShown is the total that the guest has seen, in cents; 0: none.
func whatWasShown(f *web.Form) eupay.Amount {
	n, err := strconv.ParseInt(f.Get("shown"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return eupay.Amount(n)
}

// mark notes at an item what the API says of items[i], and reports whether it does.
func mark(r *web.Request, f *web.Form, field string, i int, id string) bool {
	at := fmt.Sprintf("items[%d].", i)
	switch field {
	case at + "productId":
		f.Wrong(id, r.Text.T("order.sold_out"))
	case at + "quantity":
		f.Wrong(id, r.Text.T("order.fewer"))
	case at + "notes":
		f.Wrong(id, r.Text.T("order.long_note"))
	case at + "options", at + "variant_id":
		f.Wrong(id, r.Text.T("order.options_wrong"))
	default:
		if !strings.HasPrefix(field, at+"parts") {
			return false
		}
		f.Wrong(id, r.Text.T("order.options_wrong"))
	}
	return true
}

// dish is a product of the menu, and what the guest wants of it.
type dish struct {
	eupay.MenuProduct
	// Picture is where it is shown from; empty: there is none that the page may show.
	Picture string
	// Now is the price of one piece with the best offer, and Offer that offer's name.
	Now    eupay.Amount
	Offer  string
	Script string
	Groups []picks
	// More: it may be ordered with another choice beside this one. Again: this is another one.
	More, Again bool
	Origins     []string
	choice
}

// Key names the dish in the form.
func (d dish) Key() string { return d.choice.ID }

// Chosen are the options that are chosen of it.
func (d dish) Chosen() []picked {
	list, _ := chosenOf(d.Groups)
	return list
}

// NoAllergens reports whether the merchant has stated that the dish contains none of the 14 allergens. It is false if the merchant has stated
// nothing.
func (d dish) NoAllergens() bool { return d.Allergens != nil && len(d.Allergens) == 0 }

// Cents is the price for the page's script.
func (d dish) Cents() string { return strconv.FormatInt(int64(d.PriceTTC), 10) }

// line is one row of the basket.
type line struct {
	choice
	// Picked are the options that are chosen, and With their names.
	Picked []picked
	With   string
	// Total is what it costs; Known: the menu says so.
	Total eupay.Amount
	Known bool
	Wrong string
}

// section is a category of the menu.
type section struct {
	// Name is the merchant's, and Title the guest's.
	Name, Title, Picture string
	Dishes               []dish
	// Out are products that are sold out.
	Out []eupay.SoldOutProduct
}

// page is what the template of the menu shows.
type page struct {
	*web.Form
	Menu     *eupay.Menu
	Sections []section
	// Categories are all of the menu, which may be more than are shown. Long: it shows only some of it.
	Categories     []named
	Long, More     bool
	Category, Find string
	// Elsewhere are products in the basket that the page does not show.
	Elsewhere []dish
	Offers    []scripted
	// Reviewing: the page shows the basket and not the menu.
	Reviewing bool
	Lines     []line
	Subtotal, Discount,
	Total eupay.Amount
	Offer string
	// Fresh: nothing has been sent yet, so the browser's own memory of the basket holds.
	Fresh bool
	When  when
	// Last leads to the guest's latest order at this table; empty: there is none.
	Last string
	// Bill is what the table owes; nil: nothing.
	Bill *eupay.GuestBill
}

// Shown is the total in cents, which the guest agrees to.
func (p page) Shown() string { return strconv.FormatInt(int64(p.Total), 10) }

// newPage shows a menu, which may be nil when it cannot be had.
func newPage(r *web.Request, f *web.Form, m *eupay.Menu) page {
	p := page{Form: f, Menu: m, When: whenOf(r, m)}
	chosen := make(map[string]choice)
	for _, c := range chosenIn(f) {
		chosen[c.ID] = c
	}
	if m == nil {
		p.unknown(f, chosen)
		return p
	}
	translate(m, languagesOf(r))
	o := offersOf(m, r.Site.Now())
	p.Offers = o.ordersForScript()
	var all []section
	count := 0
	for name, products := range m.Menu {
		s := section{Name: name, Title: name}
		for _, product := range products {
			for _, key := range keysOf(f, product, chosen) {
				s.Dishes = append(s.Dishes, newDish(r, o, m, product, key, chosen[key]))
			}
		}
		count += len(products)
		all = append(all, s)
	}
	all = arrange(r, m, all)
	p.total(o, all, chosen)
	p.unknown(f, chosen)
	p.choose(all, count)
	if now, err := eupay.ParseAmount(f.Get("now")); err == nil && f.Problem != "" {
		p.Total = now // what the API has just said
	}
	return p
}

func newDish(r *web.Request, o offers, m *eupay.Menu, product eupay.MenuProduct, key string, c choice) dish {
	c.ID = key
	d := dish{MenuProduct: product, Picture: r.Picture(product.ImageURL), Script: o.forScript(product.ID), choice: c, Again: key != product.ID}
	d.Groups = append(variantPicks(r, product, c), partsOf(m, product, c)...)
	d.Groups = append(d.Groups, picksOf(m, product.OptionGroups, optionField+key, c.Options, c.Quantity > 0)...)
	d.More, d.Origins = len(d.Groups) > 0, origins(r, product.Origin)
	d.Now, d.Offer = o.line(product.ID, product.PriceTTC, 1)
	return d
}

// total fills the basket with what the menu knows, and takes that out of chosen.
func (p *page) total(o offers, all []section, chosen map[string]choice) {
	for _, s := range all {
		for _, d := range s.Dishes {
			c, ok := chosen[d.Key()]
			if !ok {
				continue
			}
			delete(chosen, c.ID)
			c.Name = d.MenuProduct.Name
			total, _ := o.line(d.MenuProduct.ID, d.base(), c.Quantity)
			chosen, extra := chosenOf(d.Groups)
			total += (d.PriceTTC + extra - d.base()) * eupay.Amount(c.Quantity)
			p.Lines = append(p.Lines, line{choice: c, Picked: chosen, With: namesOf(chosen), Total: total, Known: true, Wrong: p.Fields[c.ID]})
			p.Subtotal += (d.PriceTTC + extra) * eupay.Amount(c.Quantity)
			p.Total += total
		}
	}
	off, name := o.order(p.Total)
	p.Total, p.Offer = p.Total-off, name
	p.Discount = p.Subtotal - p.Total
}

// unknown adds what is in the basket and not on the menu: it is sold out, or the menu cannot be had just now.
func (p *page) unknown(f *web.Form, chosen map[string]choice) {
	for _, c := range chosenIn(f) {
		if _, ok := chosen[c.ID]; ok {
			p.Lines = append(p.Lines, line{choice: c, Wrong: f.Fields[c.ID]})
		}
	}
}

// choose decides which part of the menu is shown: all of it, a category, or what a search finds.
func (p *page) choose(all []section, count int) {
	for _, s := range all {
		p.Categories = append(p.Categories, named{s.Name, s.Title})
	}
	if count <= atOnce {
		p.Sections = all
		return
	}
	p.Long = true
	p.Find = p.Get("find")
	category, asked := strings.CutPrefix(p.Get("step"), "category:")
	switch {
	case asked:
		p.Category, p.Find = category, ""
	case p.Find == "" && p.Values.Has("category"):
		p.Category = p.Get("category")
	case p.Find == "":
		p.Category = all[0].Name
	}
	left := atOnce
	for _, s := range all {
		part := section{Name: s.Name, Title: s.Title, Picture: s.Picture}
		for _, d := range s.Dishes {
			switch fits := p.Find == "" && s.Name == p.Category || p.Find != "" && contains(d.MenuProduct.Name, p.Find); {
			case fits && left > 0:
				left--
				part.Dishes = append(part.Dishes, d)
			default:
				p.More = p.More || fits
				if d.Quantity > 0 {
					p.Elsewhere = append(p.Elsewhere, d)
				}
			}
		}
		if len(part.Dishes) > 0 {
			p.Sections = append(p.Sections, part)
		}
	}
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// bankURL is where the guest pays; empty when it cannot be a page.
func bankURL(text string) string { return web.External(text) }
