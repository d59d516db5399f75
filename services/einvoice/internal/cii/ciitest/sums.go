package ciitest

import "math/big"

// allowances are those of the whole document, or its charges.
func (c *checker) allowances(charges bool) []*node {
	var found []*node
	for _, n := range c.settle.all("SpecifiedTradeAllowanceCharge") {
		if (n.get("ChargeIndicator/Indicator") == "true") == charges {
			found = append(found, n)
		}
	}
	return found
}

func total(nodes []*node, path string) *big.Rat {
	t := new(big.Rat)
	for _, n := range nodes {
		t.Add(t, decimal(n.get(path)))
	}
	return t
}

const lineNet = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"

// sums is BR-CO-10 to 16, to the cent.
func (c *checker) sums() {
	h := c.settle.first("SpecifiedTradeSettlementHeaderMonetarySummation")
	get := func(name string) *big.Rat { return decimal(h.get(name)) }
	same := func(rule, name string, want *big.Rat) {
		c.demand(get(name).Cmp(want) == 0, rule, "%s is %s, its parts are %s", name, h.get(name), want.FloatString(2))
	}
	lines, down, up := get("LineTotalAmount"), get("AllowanceTotalAmount"), get("ChargeTotalAmount")
	same("BR-CO-10", "LineTotalAmount", total(c.tx.all("IncludedSupplyChainTradeLineItem"), lineNet))
	same("BR-CO-11", "AllowanceTotalAmount", total(c.allowances(false), "ActualAmount"))
	same("BR-CO-12", "ChargeTotalAmount", total(c.allowances(true), "ActualAmount"))
	same("BR-CO-13", "TaxBasisTotalAmount", plus(minus(lines, down), up))
	vat := c.vatTotal(c.settle.get("InvoiceCurrencyCode"))
	taxes := total(c.settle.all("ApplicableTradeTax"), "CalculatedAmount")
	c.demand(equal(vat, taxes.FloatString(2)), "BR-CO-14", "VAT is %q, its parts are %s", vat, taxes.FloatString(2))
	same("BR-CO-15", "GrandTotalAmount", plus(get("TaxBasisTotalAmount"), decimal(vat)))
	same("BR-CO-16", "DuePayableAmount", plus(minus(get("GrandTotalAmount"), get("TotalPrepaidAmount")), get("RoundingAmount")))
	if get("DuePayableAmount").Sign() > 0 {
		terms := c.settle.get("SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString") + c.settle.get("SpecifiedTradePaymentTerms/Description")
		c.demand(terms != "", "BR-CO-25", "something is due, but when?")
	}
}

func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }

// rateKey is a category and rate, however the rate is spelt.
type rateKey struct{ category, rate string }

func keyOf(tax *node) rateKey {
	return rateKey{tax.get("CategoryCode"), decimal(tax.get("RateApplicablePercent")).RatString()}
}

// vatSums is BR-S-08, BR-E-08 and BR-Z-08 with their rules 01, exactly: what has one category and rate adds up to one
// breakdown, and its VAT is the base times the rate, give or take the cent by which a price with VAT can miss it.
func (c *checker) vatSums() {
	want := map[rateKey]*big.Rat{}
	add := func(tax *node, amount *big.Rat) {
		if want[keyOf(tax)] == nil {
			want[keyOf(tax)] = new(big.Rat)
		}
		want[keyOf(tax)].Add(want[keyOf(tax)], amount)
	}
	for _, l := range c.tx.all("IncludedSupplyChainTradeLineItem") {
		add(l.first("SpecifiedLineTradeSettlement/ApplicableTradeTax"), decimal(l.get(lineNet)))
	}
	for _, charges := range []bool{false, true} {
		for _, a := range c.allowances(charges) {
			amount := decimal(a.get("ActualAmount"))
			if !charges {
				amount.Neg(amount)
			}
			add(a.first("CategoryTradeTax"), amount)
		}
	}
	for _, v := range c.settle.all("ApplicableTradeTax") {
		k := keyOf(v)
		base, ok := want[k]
		c.demand(ok, ruleOf(k.category, "01"), "VAT %s %s is of nothing, or there twice", k.category, k.rate)
		if ok {
			c.demand(equal(v.get("BasisAmount"), base.FloatString(2)), ruleOf(k.category, "08"), "the base at %s is %s, its parts are %s",
				k.rate, v.get("BasisAmount"), base.FloatString(2))
		}
		delete(want, k)
		c.tax(k, v)
	}
	for k := range want {
		c.demand(false, ruleOf(k.category, "01"), "no VAT breakdown for %s %s", k.category, k.rate)
	}
}

// tax is the VAT of one breakdown, and the reason when there is none: BR-E-10 and BR-Z-10.
func (c *checker) tax(k rateKey, v *node) {
	exact := new(big.Rat).Mul(decimal(v.get("BasisAmount")), decimal(v.get("RateApplicablePercent")))
	exact.Quo(exact, big.NewRat(100, 1))
	rounded, _ := new(big.Rat).SetString(exact.FloatString(2))
	off := minus(decimal(v.get("CalculatedAmount")), rounded)
	c.demand(off.Abs(off).Cmp(big.NewRat(1, 100)) <= 0, RuleCent, "VAT %s of %s at %s", v.get("CalculatedAmount"), v.get("BasisAmount"), k.rate)
	reason := v.get("ExemptionReason") + v.get("ExemptionReasonCode")
	taxed := k.category == "Z" || k.category == "S"
	c.demand(taxed || reason != "", ruleOf(k.category, "10"), "exempt without a reason")
	c.demand(!taxed || reason == "", ruleOf(k.category, "10"), "a reason %q for no exemption", reason)
	c.demand((k.category == "S") == (k.rate != "0"), ruleOf(k.category, "05"), "VAT category %s with rate %s", k.category, k.rate)
}

// ruleOf names the rule of a VAT category: those of category K are called IC.
func ruleOf(category, number string) string {
	if category == "K" {
		category = "IC"
	}
	return "BR-" + category + "-" + number
}

// lines is quantity × price = line, to the cent; where a line of a cent took what rounding left over of the whole, within two.
func (c *checker) lines() {
	for _, l := range c.tx.all("IncludedSupplyChainTradeLineItem") {
		quantity := decimal(l.get("SpecifiedLineTradeDelivery/BilledQuantity"))
		agreed := l.first("SpecifiedLineTradeAgreement/NetPriceProductTradePrice")
		price := decimal(agreed.get("ChargeAmount"))
		if per := agreed.get("BasisQuantity"); per != "" && decimal(per).Sign() > 0 {
			price.Quo(price, decimal(per))
			unit := l.first("SpecifiedLineTradeDelivery/BilledQuantity").attrs["unitCode"]
			c.demand(agreed.first("BasisQuantity").attrs["unitCode"] == unit, RuleLine, "the price is for another unit than %s", unit)
		}
		net := decimal(l.get(lineNet))
		off := minus(new(big.Rat).Mul(quantity, price), net)
		ok := off.Abs(off).Cmp(big.NewRat(1, 200)) <= 0 || net.Sign() == 0 && off.Cmp(big.NewRat(1, 50)) < 0
		c.demand(ok, RuleLine, "line %s: %s × %s is not %s", l.get("AssociatedDocumentLineDocument/LineID"),
			quantity.FloatString(4), price.FloatString(6), l.get(lineNet))
	}
}
