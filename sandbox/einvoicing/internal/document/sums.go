package document

import (
	"math/big"
	"slices"
	"strings"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
)

// Check reports which rules a document breaks.
func (d *Document) Check() []Problem {
	c := &checker{d: d}
	c.complete()
	c.totals()
	c.lines()
	c.breakdown()
	c.categories()
	c.dueCodes()
	c.french()
	c.parties()
	return c.problems
}

type checker struct {
	d        *Document
	problems []Problem
}

func (c *checker) demand(ok bool, rule, field, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, problem(rule, field, format, args...))
	}
}

func (c *checker) equal(rule, field string, has, want int64) {
	c.demand(has == want, rule, field, "is %s, the sum is %s", decimal.Cents(has), decimal.Cents(want))
}

// complete checks that everything mandatory is present (BR-01 to BR-26).
func (c *checker) complete() {
	d := c.d
	c.demand(d.Spec == "urn:cen.eu:en16931:2017", "BR-01", "specification_identifier", "must be urn:cen.eu:en16931:2017")
	c.demand(d.Number != "", "BR-02", "invoice_number", "is missing")
	c.demand(d.Issued != "", "BR-03", "issue_date", "is missing")
	c.demand(d.Type != "", "BR-04", "type_code", "is missing")
	c.demand(d.Currency == "EUR", "BR-05", "currency_code", "must be EUR; other currencies are not taken here")
	c.demand(d.Seller.Name != "", "BR-06", "seller.name", "is missing")
	c.demand(d.Buyer.Name != "", "BR-07", "buyer.name", "is missing")
	c.demand(len(d.Seller.Country) == 2, "BR-09", "seller.postal_address.country_code", "is missing, or not two letters")
	c.demand(len(d.Buyer.Country) == 2, "BR-11", "buyer.postal_address.country_code", "is missing, or not two letters")
	c.demand(len(d.Lines) > 0, "BR-16", "lines", "at least one is needed")
	c.demand(len(d.VAT) > 0, "BR-CO-18", "vat_breakdown", "at least one is needed")
	seen := map[string]bool{}
	for _, l := range d.Lines {
		c.demand(l.ID != "" && !seen[l.ID], "BR-21", "lines", "a line has no id, or that of another")
		seen[l.ID] = true
		c.demand(l.Unit != "", "BR-23", "lines", "line %s has no unit", l.ID)
		c.demand(l.Name != "", "BR-25", "lines", "line %s has no name", l.ID)
		c.demand(l.Category != "", "BR-CO-04", "lines", "line %s has no VAT category", l.ID)
	}
	for _, a := range d.Allowances {
		c.demand(a.Reason != "", "BR-33", "allowances", "an allowance or a charge has no reason")
	}
	for _, m := range d.Means {
		c.demand(m.Code != "", "BR-49", "payment_means.code", "is missing")
		c.demand(m.IBAN != "" || m.Code != "30" && m.Code != "58", "BR-61", "payment_means.iban", "is missing for a transfer")
	}
	c.demand(d.Totals.Due <= 0 || d.Due != "" || d.Terms != "", "BR-CO-25", "due_date", "a due date or payment terms are needed")
}

// totals checks the totals (BR-CO-10 to BR-CO-16), to the cent.
func (c *checker) totals() {
	t := c.d.Totals
	var lines, allowances, charges, tax int64
	for _, l := range c.d.Lines {
		lines += l.Net
	}
	for _, a := range c.d.Allowances {
		if a.Charge {
			charges += a.Amount
		} else {
			allowances += a.Amount
		}
	}
	for _, v := range c.d.VAT {
		tax += v.Amount
	}
	c.equal("BR-CO-10", "totals.line_net", t.LineNet, lines)
	c.equal("BR-CO-11", "totals.allowances", t.Allowances, allowances)
	c.equal("BR-CO-12", "totals.charges", t.Charges, charges)
	c.equal("BR-CO-13", "totals.tax_exclusive", t.Net, t.LineNet-t.Allowances+t.Charges)
	c.equal("BR-CO-14", "totals.tax", t.Tax, tax)
	c.equal("BR-CO-15", "totals.tax_inclusive", t.Gross, t.Net+t.Tax)
	c.equal("BR-CO-16", "totals.due", t.Due, t.Gross-t.Prepaid+t.Rounding)
}

// one is one unit in ten-thousandths.
const one = 10_000

// lines checks that quantity × price is the line, within two cents as the rules of Peppol demand, and that a price is for more than nothing.
func (c *checker) lines() {
	for _, l := range c.d.Lines {
		base := l.Base
		if base == 0 {
			base = one
		}
		if base < 0 {
			c.demand(false, "PEPPOL-EN16931-R121", "lines", "the base quantity of line %s is not above zero", l.ID)
			continue
		}
		// In millionths of a euro; a cent is 10,000 of them.
		exact := new(big.Rat).Mul(big.NewRat(l.Quantity, base), new(big.Rat).SetInt64(l.Price))
		off := exact.Sub(exact, new(big.Rat).SetInt64(l.Net*10_000))
		c.demand(off.Abs(off).Cmp(big.NewRat(2*10_000, 1)) <= 0, "PEPPOL-EN16931-R120", "lines", "quantity × price of line %s is not %s", l.ID, decimal.Cents(l.Net))
	}
}

// breakdown checks the sums per category and rate (BR-S-08 and similar), to the cent, and that the tax fits them within one euro,
// as in the official rules (BR-S-09).
func (c *checker) breakdown() {
	base := map[Tax]int64{}
	for _, l := range c.d.Lines {
		base[l.Tax] += l.Net
	}
	for _, a := range c.d.Allowances {
		if a.Charge {
			base[a.Tax] += a.Amount
		} else {
			base[a.Tax] -= a.Amount
		}
	}
	seen := map[Tax]bool{}
	for _, v := range c.d.VAT {
		rule := "BR-" + v.Category
		want, used := base[v.Tax]
		c.demand(used && !seen[v.Tax], rule+"-01", "vat_breakdown", "category %s at %s %% has no line, or two sums", v.Category, rate(v.Rate))
		seen[v.Tax] = true
		c.equal(rule+"-08", "vat_breakdown.taxable_amount", v.Base, want)
		exact := v.Base * v.Rate // in ten-thousandths of a cent
		off := v.Amount*10000 - exact
		c.demand(off < 1000000 && off > -1000000, rule+"-09", "vat_breakdown.tax_amount", "%s is not %s %% of %s",
			decimal.Cents(v.Amount), rate(v.Rate), decimal.Cents(v.Base))
	}
	for t := range base {
		c.demand(seen[t], "BR-"+t.Category+"-01", "vat_breakdown", "the sum of category %s at %s %% is missing", t.Category, rate(t.Rate))
	}
}

func rate(n int64) string { return decimal.Format(n, 2, 0) }

// Rates are the permitted rates of French documents, in hundredths of a percent (BR-FR-16).
var Rates = []int64{0, 90, 105, 175, 210, 550, 700, 850, 920, 960, 1000, 1300, 1960, 2000, 2060}

// categories checks the requirements of each VAT category (BR-S, BR-Z, BR-E, BR-FR-15, BR-FR-16).
func (c *checker) categories() {
	var all []Tax
	for _, l := range c.d.Lines {
		all = append(all, l.Tax)
	}
	for _, a := range c.d.Allowances {
		all = append(all, a.Tax)
	}
	for _, v := range c.d.VAT {
		all = append(all, v.Tax)
		exempt := v.Category != "S" && v.Category != "Z"
		named := v.Reason != "" || v.ReasonCode != ""
		c.demand(exempt == named, "BR-"+v.Category+"-10", "vat_breakdown.exemption_reason", "category %s must have one, or must not", v.Category)
	}
	for _, t := range all {
		c.demand(slices.Contains([]string{"S", "E", "AE", "K", "G", "O", "Z"}, t.Category), "BR-FR-15", "vat_category", "%q is not known", t.Category)
		c.demand(slices.Contains(Rates, t.Rate), "BR-FR-16", "vat_rate", "%s is not a rate of France", rate(t.Rate))
		c.demand((t.Category == "S") == (t.Rate > 0), "BR-"+t.Category+"-05", "vat_rate", "%s does not go with category %s", rate(t.Rate), t.Category)
		c.untaxed(t)
		taxed := c.d.Seller.VATNumber != "" || c.d.Seller.TaxID != ""
		needs := t.Category == "S" || t.Category == "E" || t.Category == "Z"
		if c.d.XML || t.Category == "S" { // only the XML contains the number at the tax office
			c.demand(taxed || !needs, "BR-"+t.Category+"-02", "seller.vat_identifier", "the seller has no tax number")
		}
	}
}

// untaxed checks who may sell and buy without VAT (BR-AE-02, BR-IC-02, BR-G-02, BR-O-02 and BR-O-11).
func (c *checker) untaxed(t Tax) {
	seller, buyer := c.d.Seller.VATNumber, c.d.Buyer.VATNumber
	switch t.Category {
	case "AE":
		c.demand(seller != "" && buyer+c.d.Buyer.SIREN != "", "BR-AE-02", "buyer.vat_identifier", "reverse charge needs the tax numbers of both sides")
	case "K":
		c.demand(seller != "" && buyer != "" && !strings.HasPrefix(buyer, "FR"), "BR-IC-02", "buyer.vat_identifier",
			"a delivery within the EU needs the VAT numbers of both sides")
	case "G":
		c.demand(seller != "", "BR-G-02", "seller.vat_identifier", "an export needs the seller's VAT number")
	case "O":
		c.demand(seller+buyer == "", "BR-O-02", "seller.vat_identifier", "what is out of scope names no VAT number")
		c.demand(len(c.d.VAT) == 1, "BR-O-11", "vat_breakdown", "nothing else may be beside what is out of scope")
	}
}
