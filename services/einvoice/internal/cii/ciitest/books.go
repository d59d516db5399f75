package ciitest

import "math/big"

// book is an invoice among others, and what is left of it for each rate.
type book struct {
	issued string
	left   map[rateKey]*big.Rat
}

// CheckAll returns the inconsistencies between documents: a number that is used twice, a reference to an invoice that
// does not exist or is of another day, credit notes that together exceed their invoice at a rate. They are all of one test's
// world; the order does not matter.
func CheckAll(docs ...[]byte) []Problem {
	all := &checker{}
	books := map[string]*book{}
	var checkers []*checker
	for _, d := range docs {
		c, err := read(d)
		if err != nil {
			return []Problem{{RuleXML, err.Error()}}
		}
		key := c.key(c.number())
		all.demand(books[key] == nil, RuleTwice, "the number %s", c.number())
		books[key] = &book{c.doc.get("ExchangedDocument/IssueDateTime/DateTimeString"), c.gross()}
		checkers = append(checkers, c)
	}
	for _, c := range checkers {
		for _, ref := range c.settle.all("InvoiceReferencedDocument") {
			all.reference(c, ref, books[c.key(ref.get("IssuerAssignedID"))])
		}
	}
	return all.problems
}

// key: numbers are unique for each seller.
func (c *checker) key(number string) string { return c.seller.id(legalID, "0002") + " " + number }

// gross is what is paid for each rate.
func (c *checker) gross() map[rateKey]*big.Rat {
	sums := map[rateKey]*big.Rat{}
	for _, v := range c.settle.all("ApplicableTradeTax") {
		sums[keyOf(v)] = plus(decimal(v.get("BasisAmount")), decimal(v.get("CalculatedAmount")))
	}
	return sums
}

func (c *checker) reference(from *checker, ref *node, to *book) {
	number := ref.get("IssuerAssignedID")
	if to == nil {
		c.demand(false, RuleDangling, "%s refers to %s, which does not exist", from.number(), number)
		return
	}
	day := ref.get("FormattedIssueDateTime/DateTimeString")
	c.demand(day == to.issued, RuleDangling, "%s says that %s is of %s", from.number(), number, day)
	if !from.credits() {
		return
	}
	for k, amount := range from.gross() {
		left := to.left[k]
		if left == nil {
			left = new(big.Rat)
		}
		to.left[k] = minus(left, amount)
		c.demand(to.left[k].Sign() >= 0, RuleExceeds, "%s credits more at %s %s than %s has", from.number(), k.category, k.rate, number)
	}
}
