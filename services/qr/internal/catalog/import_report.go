package catalog

import (
	"fmt"

	"european-pay.eu/eupay/internal/money"
)

// finish looks at the whole: codes that two have, and the limits. It counts what the lines do.
func (p *plan) finish() {
	seen := make(map[string]int)
	variants := 0
	for _, one := range p.products {
		variants += len(one.Variants)
		p.unique(seen, one.line, one.SKU, one.EAN)
		for i, v := range one.Variants {
			p.unique(seen, one.variants[i].line, v.SKU, v.EAN)
		}
		if len(one.Variants) > maxVariants {
			p.add(max(one.line, 1), "", "has more than %d variants.", maxVariants)
		}
		if len(one.Variants) > 0 && one.before == nil {
			one.Stock = 0 // that of its variants
		}
		p.count(one)
	}
	if len(p.products) > MaxProducts || variants > maxVariantsOfAll {
		p.report.Problems = append(p.report.Problems, Problem{
			Line: 1, Message: fmt.Sprintf("A catalog holds at most %d products and %d variants.", MaxProducts, maxVariantsOfAll),
		})
	}
}

func (p *plan) unique(seen map[string]int, line int, sku, ean string) {
	for _, key := range codeKeys(sku, ean) {
		if earlier, again := seen[key]; again {
			p.add(max(earlier, line), key[:3], "is also that of another product or variant.")
		}
		seen[key] = line
	}
}

func (p *plan) count(one *planned) {
	tally := func(created, changed bool) {
		switch {
		case created:
			p.report.Created++
		case changed:
			p.report.Updated++
		default:
			p.report.Unchanged++
		}
	}
	if one.line > 0 {
		tally(one.before == nil, one.changed())
	}
	for i, v := range one.variants {
		tally(v.before == nil, one.variantChanged(i))
	}
}

// changed reports whether the file changes the product itself.
func (one *planned) changed() bool {
	b := one.before
	return b == nil || one.Name != b.Name || one.Description != b.Description || one.Category != b.Category || one.Price != b.Price || one.VATPerMill != b.VATPerMill ||
		one.Stock != b.Stock || one.Available != b.Available || one.SKU != b.SKU || one.EAN != b.EAN || one.LowStockAt != b.LowStockAt
}

// variantChanged reports whether the file makes or changes the variant at i.
func (one *planned) variantChanged(i int) bool {
	v, b := one.Variants[i], one.variants[i].before
	return b == nil || v.Name != b.Name || v.SKU != b.SKU || v.EAN != b.EAN || !samePrice(v.Price, b.Price) || v.Stock != b.Stock || v.LowStockAt != b.LowStockAt ||
		v.Available != b.Available
}

func samePrice(a, b *money.Cents) bool { return a == b || a != nil && b != nil && *a == *b }
