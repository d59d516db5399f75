package ciitest

import (
	"strconv"
	"strings"
)

const legalID = "SpecifiedLegalOrganization/ID"

// parties is BR-FR-09 to 13, 21, 23, 25 and 32, BR-FR-CO-10, and the check digits.
func (c *checker) parties() {
	for _, p := range []*node{c.seller, c.buyer} {
		c.identifiers(p)
	}
	c.demand(sirenForm.MatchString(c.seller.id(legalID, "0002")), "BR-FR-10", "the seller has no SIREN")
	siren := c.buyer.id(legalID, "0002")
	to := c.buyer.first("URIUniversalCommunication/URIID")
	c.demand(strings.TrimSpace(to.text) != "", "BR-FR-12", "the buyer has no electronic address")
	c.demand(c.seller.get("URIUniversalCommunication/URIID") != "", "BR-FR-13", "the seller has no electronic address")
	if c.audience() == "B2B" {
		c.demand(sirenForm.MatchString(siren), "BR-FR-11", "a business buyer without a SIREN")
		ok := to.attrs["schemeID"] == "0225" && strings.HasPrefix(to.text, siren)
		c.demand(ok, "BR-FR-21", "the buyer's address %s:%s", to.attrs["schemeID"], to.text)
	}
}

func (c *checker) identifiers(p *node) {
	siren, siret := p.id(legalID, "0002"), p.id("GlobalID", "0009")
	if siren != "" {
		c.demand(sirenForm.MatchString(siren), "BR-FR-32", "SIREN %q", siren)
		c.demand(luhn(siren), RuleLuhn, "SIREN %s", siren)
	}
	if siret != "" {
		c.demand(siretForm.MatchString(siret) && strings.HasPrefix(siret, siren) && siren != "", "BR-FR-09", "SIRET %q of SIREN %q", siret, siren)
		c.demand(luhn(siret), RuleLuhn, "SIRET %s", siret)
	}
	schemes := map[string]bool{}
	for _, id := range p.all("GlobalID") {
		scheme := id.attrs["schemeID"]
		c.demand(scheme != "" && !schemes[scheme], "BR-FR-CO-10", "identifier %q of scheme %q", id.text, scheme)
		schemes[scheme] = true
	}
	for _, u := range p.all("URIUniversalCommunication/URIID") {
		c.demand(u.attrs["schemeID"] != "0225" || addressForm.MatchString(u.text), "BR-FR-23", "electronic address %q", u.text)
		c.demand(len(u.text) <= 125, "BR-FR-25", "electronic address of %d characters", len(u.text))
	}
	c.vatNumber(p, siren)
}

// vatNumber checks a French VAT number: FR, key, SIREN, with key = (12 + 3 × (SIREN mod 97)) mod 97.
func (c *checker) vatNumber(p *node, siren string) {
	number := p.id("SpecifiedTaxRegistration/ID", "VA")
	if !strings.HasPrefix(number, "FR") {
		return
	}
	of := number[min(4, len(number)):]
	n, err := strconv.Atoi(of)
	if err != nil || !sirenForm.MatchString(of) || siren != "" && of != siren {
		c.demand(false, RuleVATKey, "VAT number %s of SIREN %s", number, siren)
		return
	}
	key, err := strconv.Atoi(number[2:4])
	c.demand(err == nil && key == (12+3*(n%97))%97, RuleVATKey, "VAT number %s", number)
}

// luhn checks the last digit of a SIREN or SIRET. The establishments of La Poste have a rule of their own (INSEE): the sum
// of the digits is a multiple of five.
func luhn(digits string) bool {
	sum, plain := 0, 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		plain += d
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0 || len(digits) == 14 && strings.HasPrefix(digits, "356000000") && plain%5 == 0
}
