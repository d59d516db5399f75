package catalog

import (
	"slices"

	"european-pay.eu/eupay/internal/plaintext"
)

// names find what a line means that has neither an id nor a code: the one product of its name, or the one variant of its product.
type names struct {
	// products are those that were there, and those that the lines so far made.
	products map[string][]called
	// claimed are the ids of products and variants that a line names by id or code: no other line means them by their name.
	claimed map[string]bool
	// meant are the names and categories of lines without id and code.
	meant map[[2]string]bool
	// coming are the names of products that lines have which are not applied yet.
	coming map[string]int
}

// called is a product with its category before the file.
type called struct {
	*planned
	category string
}

// codeless reports whether a line has no code that anything could be found by.
func (c codes) codeless() bool {
	return (c.SKU == nil || *c.SKU == "") && (c.EAN == nil || *c.EAN == "")
}

// uncoded leaves the codes of what exists alone: the empty cells of a line that was found by its name say nothing about them.
func (c *codes) uncoded() { c.SKU, c.EAN = nil, nil }

// tidy is a text as a product has it; empty for one that is refused.
func tidy(s *string, limit int) string {
	if s == nil {
		return ""
	}
	clean, _ := plaintext.Line(*s, limit)
	return clean
}

// call makes a product known by its name.
func (n *names) call(one *planned, name, category string) {
	n.products[name] = append(n.products[name], called{one, category})
}

// foresee notes what the lines name, because that decides what other lines mean by a name alone.
func (p *plan) foresee(entries []Entry) {
	for _, e := range entries {
		id, c := e.ID, e.Product.codes
		if e.OfVariant {
			id, c = e.VariantID, e.Variant.codes
		}
		if !e.OfVariant {
			p.names.coming[tidy(e.Product.Name, maxName)]++
		}
		o, found := p.found(c)
		switch {
		case id != "":
			p.names.claimed[id] = true
		case found && o.variant != "":
			p.names.claimed[o.variant] = true
		case found:
			p.names.claimed[o.product.ID] = true
		case !e.OfVariant && c.codeless():
			p.names.meant[[2]string{tidy(e.Product.Name, maxName), tidy(e.Product.Category, maxCategory)}] = true
		}
	}
}

// byName returns the product that a line without id and code means; nil for a new one. ok is false if it could be several.
func (p *plan) byName(e Entry) (one *planned, ok bool) {
	name := tidy(e.Product.Name, maxName)
	list := slices.DeleteFunc(slices.Clone(p.names.products[name]), func(c called) bool { return p.names.claimed[c.ID] })
	if e.Product.Category != nil {
		list = p.ofCategory(list, name, tidy(e.Product.Category, maxCategory))
	}
	switch {
	case name == "" || len(list) == 0:
		return nil, true
	case len(list) > 1:
		p.add(e.Line, "", "could be any of %d products of this name: give it an id, sku or ean.", len(list))
		return nil, false
	}
	return list[0].planned, true
}

// ofCategory are the products of a category, or else those of others that no line means. So a product may change its category, and two of one name in
// two categories stay two.
func (p *plan) ofCategory(list []called, name, category string) []called {
	var here, others []called
	for _, c := range list {
		switch {
		case c.category == category:
			here = append(here, c)
		case !p.names.meant[[2]string{name, c.category}]:
			others = append(others, c)
		}
	}
	if len(here) > 0 {
		return here
	}
	return others
}

// parent is the product of a line's variant: that of the id, or else that above, unless the line has the name of another.
func (p *plan) parent(e Entry) (one *planned, ok bool) {
	name := tidy(&e.Of, maxName)
	switch {
	case e.ID != "":
		return p.byID[e.ID], true
	case name == "" || p.above != nil && p.above.Name == name:
		return p.above, true
	}
	if o, found := p.found(e.Variant.codes); found && o.product.Name == name {
		return o.product, true
	}
	switch list := p.names.products[name]; len(list) {
	case 0:
		if p.names.coming[name] > 0 {
			p.add(e.Line, "", "must be below the line of its product.")
			return nil, false
		}
		return p.above, true
	case 1:
		return list[0].planned, true
	default:
		p.add(e.Line, "", "could be of any of %d products of this name: give it the id of one, or put it below its product.", len(list))
		return nil, false
	}
}

// variantByName is where the variant is that a line without id and found code means; -1: a new one. ok is false if it could be several.
func (p *plan) variantByName(one *planned, e Entry) (at int, ok bool) {
	name, known, at := tidy(e.Variant.Name, maxOptionName), len(one.known()), -1
	for i, v := range one.Variants {
		if v.Name != name || p.names.claimed[v.ID] || i >= known && !e.Variant.codeless() {
			continue
		}
		if at >= 0 {
			p.add(e.Line, "", "could be any of several variants of this name: give it a variant_id, sku or ean.")
			return 0, false
		}
		at = i
	}
	return at, true
}
