package ciitest

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// The forms of numbers (BR-FR-DEC-01 to 04): no exponent, no plus, a dot.
var (
	amountForm   = regexp.MustCompile(`^-?\d{1,19}(\.\d{1,2})?$`)
	quantityForm = regexp.MustCompile(`^-?\d{1,19}(\.\d{1,4})?$`)
	priceForm    = regexp.MustCompile(`^\d{1,19}(\.\d{1,6})?$`)
	rateForm     = regexp.MustCompile(`^\d{1,4}(\.\d{1,2})?$`)
	anyForm      = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
)

// decimal reads a number exactly; zero when it is none, which decimals has refused.
func decimal(text string) *big.Rat {
	r := new(big.Rat)
	if anyForm.MatchString(text) {
		r.SetString(text)
	}
	return r
}

func equal(a, b string) bool { return anyForm.MatchString(a) && decimal(a).Cmp(decimal(b)) == 0 }

// decimals is BR-FR-DEC-01 to 04 and the signs: on none of our documents is an amount below zero, but what is due on one
// that was paid before.
func (c *checker) decimals() {
	c.doc.walk(func(n *node) {
		text := strings.TrimSpace(n.text)
		short := len(strings.ReplaceAll(text, ".", "")) <= 19
		switch {
		case n.name == "BilledQuantity", n.name == "BasisQuantity":
			c.demand(short && quantityForm.MatchString(text), "BR-FR-DEC-02", "%s %q", n.name, text)
			c.demand(!strings.HasPrefix(text, "-"), RuleSign, "%s %s", n.name, text)
		case n.name == "ChargeAmount":
			c.demand(short && priceForm.MatchString(text), "BR-FR-DEC-03", "%s %q", n.name, text)
		case n.name == "RateApplicablePercent":
			ok := rateForm.MatchString(text) && len(strings.ReplaceAll(text, ".", "")) <= 4
			c.demand(ok, "BR-FR-DEC-04", "%s %q", n.name, text)
		case strings.HasSuffix(n.name, "Amount"):
			c.demand(short && amountForm.MatchString(text), "BR-FR-DEC-01", "%s %q", n.name, text)
			c.demand(!strings.HasPrefix(text, "-") || n.name == "DuePayableAmount", RuleSign, "%s %s", n.name, text)
		}
	})
	due := c.settle.get("SpecifiedTradeSettlementHeaderMonetarySummation/DuePayableAmount")
	c.demand(!c.credits() || !strings.HasPrefix(due, "-"), RuleSign, "a credit note over %s", due)
}

// The values that BR-FR-15 and 16 allow.
var (
	categories = strings.Fields("S E AE K G O Z")
	rates      = strings.Fields("0 0.9 1.05 1.75 2.1 5.5 7 8.5 9.2 9.6 10 13 19.6 20 20.6")
)

// vatCodes is BR-FR-15 and 16, and that one rate is spelt in one way: two would split its sum (BR-S-08).
func (c *checker) vatCodes() {
	spelling := map[string]string{}
	c.tx.walk(func(n *node) {
		if n.name != "ApplicableTradeTax" && n.name != "CategoryTradeTax" {
			return
		}
		category, rate := n.get("CategoryCode"), n.get("RateApplicablePercent")
		c.demand(slices.Contains(categories, category), "BR-FR-15", "VAT category %q", category)
		known := slices.ContainsFunc(rates, func(r string) bool { return equal(rate, r) })
		c.demand(rate == "" || known, "BR-FR-16", "VAT rate %q", rate)
		value := decimal(rate).RatString()
		c.demand(spelling[value] == "" || spelling[value] == rate, RuleSpelling, "VAT rate %s and %s", spelling[value], rate)
		spelling[value] = rate
	})
}
