package catalog

// Plan is what a file would make of a merchant's products, without a database.
func Plan(known []Product, entries []Entry, problems []Problem, setStock bool) ([]Product, Report) {
	p := planOf(us, known, entries, problems, setStock)
	var list []Product
	for _, one := range p.products {
		next := one.total()
		next.hasVariants = len(next.Variants) > 0
		list = append(list, next)
	}
	return list, p.report
}
