package catalog

import (
	"fmt"
	"slices"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
)

// Entry is a line of a file with products and variants: a product, or a variant of a product.
type Entry struct {
	// Line is where it stands, from 1.
	Line int
	// ID and VariantID are given where the file names what exists; otherwise it is found by its SKU, then by its EAN, then, without both, by its name.
	ID, VariantID string
	// OfVariant: the entry is Variant, of the product ID, or of that of the nearest line above, or of one that Of names. Otherwise it is Product.
	OfVariant bool
	Of        string
	Product   Fields
	Variant   VariantFields
}

// Problem is why a line cannot be applied. Column is empty if it is the whole line.
type Problem struct {
	Line            int
	Column, Message string
}

// Report is what a file does: how many of its lines create, change or leave something.
type Report struct {
	Lines, Created, Updated, Unchanged int
	Problems                           []Problem
}

// planned is a product with what a file makes of it.
type planned struct {
	Product
	// before is nil for a new product.
	before *Product
	// line is the product's own in the file; 0: only variants of it are there.
	line int
	// variants are those that the file has, by where they are in Variants.
	variants map[int]plannedVariant
}

type plannedVariant struct {
	line   int
	before *Variant
}

// plan applies the entries of a file to the products of a merchant, in memory.
type plan struct {
	merchant string
	setStock bool
	products []*planned
	byID     map[string]*planned
	// byCode are products and variants as they were, by the kind and key of a code.
	byCode map[string]owner
	names  names
	report Report
	// above is the product of the nearest line above.
	above *planned
}

// owner is what a code leads to; Variant is empty for the product itself.
type owner struct {
	product *planned
	variant string
}

// planOf plans a file, whose problems are known so far.
func planOf(merchantID string, known []Product, entries []Entry, problems []Problem, setStock bool) *plan {
	p := newPlan(merchantID, known, setStock)
	p.report.Problems = problems
	p.foresee(entries)
	for _, e := range entries {
		p.apply(e)
	}
	p.finish()
	return p
}

func newPlan(merchantID string, known []Product, setStock bool) *plan {
	p := &plan{
		merchant: merchantID, setStock: setStock, byID: make(map[string]*planned, len(known)), byCode: make(map[string]owner),
		names: names{make(map[string][]called, len(known)), make(map[string]bool), make(map[[2]string]bool), make(map[string]int)},
	}
	for i := range known {
		before := &known[i]
		one := &planned{Product: *before, before: before, variants: make(map[int]plannedVariant)}
		one.Variants = slices.Clone(before.Variants)
		p.products, p.byID[one.ID] = append(p.products, one), one
		p.index(one.SKU, one.EAN, owner{one, ""})
		p.names.call(one, one.Name, one.Category)
		for _, v := range one.Variants {
			p.index(v.SKU, v.EAN, owner{one, v.ID})
		}
	}
	return p
}

// codeKeys are what the database has codes under.
func codeKeys(sku, ean string) []string {
	var keys []string
	if sku != "" {
		keys = append(keys, "sku "+sku)
	}
	if ean != "" {
		keys = append(keys, "ean "+gtinKey(ean))
	}
	return keys
}

func (p *plan) index(sku, ean string, o owner) {
	for _, key := range codeKeys(sku, ean) {
		p.byCode[key] = o
	}
}

// add notes a problem of a column of a line, or of the whole line. The format is a sentence without its subject.
func (p *plan) add(line int, column, format string, args ...any) {
	subject := column
	if column == "" {
		subject = "The line"
	}
	p.report.Problems = append(p.report.Problems, Problem{line, column, subject + " " + fmt.Sprintf(format, args...)})
}

// refuse notes the fields of a refusal as problems of a line.
func (p *plan) refuse(line int, err error) {
	for _, f := range errs.From(err).Fields {
		p.report.Problems = append(p.report.Problems, Problem{line, f.Field, f.Message})
	}
}

// found returns what an entry names by its codes.
func (p *plan) found(c codes) (owner, bool) {
	var sku, ean string
	set(&sku, c.SKU)
	set(&ean, c.EAN)
	for _, key := range codeKeys(sku, ean) {
		if o, ok := p.byCode[key]; ok {
			return o, true
		}
	}
	return owner{}, false
}

// apply plans one entry.
func (p *plan) apply(e Entry) {
	p.report.Lines++
	if e.OfVariant {
		p.applyVariant(e)
		return
	}
	p.names.coming[tidy(e.Product.Name, maxName)]--
	one, ok := p.target(e)
	p.above = nil
	if !ok {
		return
	}
	p.above = one
	if one.line != 0 {
		p.add(e.Line, "", "is the product of line %d again.", one.line)
		return
	}
	one.line = e.Line
	f := e.Product
	check := f.check
	if one.before == nil {
		check = f.complete
	}
	if err := check(); err != nil {
		p.refuse(e.Line, err)
		return
	}
	if one.before != nil && (!p.setStock || one.hasVariants) {
		f.Stock = nil
	}
	if one.before != nil && f.codeless() && e.ID == "" {
		f.uncoded()
	}
	f.fill(&one.Product)
}

// target is the product that an entry is about, which may be a new one.
func (p *plan) target(e Entry) (*planned, bool) {
	if e.ID != "" {
		one := p.byID[e.ID]
		if one == nil {
			p.add(e.Line, "id", "is none of your products.")
		}
		return one, one != nil
	}
	if o, ok := p.found(e.Product.codes); ok {
		if o.variant != "" {
			p.add(e.Line, "", "has the sku or ean of a variant.")
		}
		return o.product, o.variant == ""
	}
	if e.Product.codeless() {
		if one, ok := p.byName(e); !ok || one != nil {
			return one, ok
		}
	}
	return p.invent(e.Product), true
}

// invent is a new product.
func (p *plan) invent(f Fields) *planned {
	one := &planned{
		Product:  Product{ID: events.NewID(), MerchantID: p.merchant, VATPerMill: vat.Standard, Stock: defaultStock, Available: true},
		variants: make(map[int]plannedVariant),
	}
	p.products = append(p.products, one)
	p.names.call(one, tidy(f.Name, maxName), tidy(f.Category, maxCategory))
	p.names.claimed[one.ID] = !f.codeless()
	return one
}

// applyVariant plans an entry of a variant.
func (p *plan) applyVariant(e Entry) {
	one, at := p.variantTarget(e)
	if one == nil {
		return
	}
	if earlier, again := one.variants[at]; at >= 0 && again {
		p.add(e.Line, "", "is the variant of line %d again.", earlier.line)
		return
	}
	f := e.Variant
	check := f.check
	if at < 0 {
		check = f.complete
	}
	if err := check(); err != nil {
		p.refuse(e.Line, err)
		return
	}
	if at < 0 {
		one.Variants = append(one.Variants, Variant{ID: events.NewID(), MerchantID: p.merchant, ProductID: one.ID, Available: true, Attributes: map[string]string{}})
		at = len(one.Variants) - 1
		one.variants[at] = plannedVariant{line: e.Line}
	} else {
		one.variants[at] = plannedVariant{line: e.Line, before: &one.before.Variants[at]}
		if !p.setStock {
			f.Stock = nil
		}
		if e.VariantID == "" && f.codeless() {
			f.uncoded()
		}
	}
	f.fill(&one.Variants[at])
}

// variantTarget is the product and place of the variant that an entry is about; -1: a new one. A problem leads to no product.
func (p *plan) variantTarget(e Entry) (*planned, int) {
	one, ok := p.parent(e)
	if !ok {
		return nil, 0
	}
	if o, ok := p.found(e.Variant.codes); ok && e.VariantID == "" {
		if o.variant == "" || one != nil && one != o.product {
			p.add(e.Line, "", "has the sku or ean of another product.")
			return nil, 0
		}
		one, e.VariantID = o.product, o.variant
	}
	if one == nil {
		p.add(e.Line, "id", "must be the product of the variant; or put the variant below its product.")
		return nil, 0
	}
	if e.VariantID == "" {
		at, ok := p.variantByName(one, e)
		if !ok {
			return nil, 0
		}
		return one, at
	}
	at := slices.IndexFunc(one.known(), func(v Variant) bool { return v.ID == e.VariantID })
	if at < 0 {
		p.add(e.Line, "variant_id", "is no variant of this product.")
		return nil, 0
	}
	return one, at
}

// known are the variants that the product had before.
func (one *planned) known() []Variant {
	if one.before == nil {
		return nil
	}
	return one.Variants[:len(one.before.Variants)]
}
