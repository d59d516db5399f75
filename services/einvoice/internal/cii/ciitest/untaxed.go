package ciitest

import "strings"

// untaxed is what each category without VAT demands of the parties and of the delivery: BR-AE-02, BR-IC-02, 11 and 12, BR-G-02, BR-O-02, 05
// and 11.
func (c *checker) untaxed() {
	seller, buyer := c.seller.id("SpecifiedTaxRegistration/ID", "VA"), c.buyer.id("SpecifiedTaxRegistration/ID", "VA")
	breakdown := c.settle.all("ApplicableTradeTax")
	for _, v := range breakdown {
		switch v.get("CategoryCode") {
		case "AE":
			c.demand(seller != "" && buyer+c.buyer.get(legalID) != "", "BR-AE-02", "reverse charge of %q by %q", buyer, seller)
		case "K":
			c.demand(seller != "" && buyer != "", "BR-IC-02", "a delivery within the EU to %q by %q", buyer, seller)
			days := c.tx.get(delivery+"ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString") + c.settle.get("BillingSpecifiedPeriod/StartDateTime/DateTimeString")
			c.demand(days != "", "BR-IC-11", "a delivery within the EU on no day")
			c.demand(c.tx.get(delivery+"ShipToTradeParty/PostalTradeAddress/CountryID") != "", "BR-IC-12", "a delivery within the EU to no country")
		case "G":
			c.demand(seller != "", "BR-G-02", "an export without the seller's VAT number")
		case "O":
			c.demand(seller+buyer == "", "BR-O-02", "out of scope, with the VAT numbers %q and %q", seller, buyer)
			c.demand(len(breakdown) == 1, "BR-O-11", "out of scope beside other categories")
		}
	}
	c.tx.walk(func(n *node) {
		if n.get("CategoryCode") == "O" {
			c.demand(n.get("RateApplicablePercent") == "", "BR-O-05", "out of scope with the rate %s", n.get("RateApplicablePercent"))
		}
	})
}

const delivery = "ApplicableHeaderTradeDelivery/"

// delivery is BR-29, BR-57 and BR-FR-CO-03.
func (c *checker) delivery() {
	period := c.settle.first("BillingSpecifiedPeriod")
	from, to := period.get("StartDateTime/DateTimeString"), period.get("EndDateTime/DateTimeString")
	c.demand(from == "" || to == "" || strings.Compare(from, to) <= 0, "BR-29", "a period from %s to %s", from, to)
	for _, a := range c.tx.all(delivery + "ShipToTradeParty/PostalTradeAddress") {
		c.demand(a.get("CountryID") != "", "BR-57", "delivered to no country")
	}
	contract := c.tx.get("ApplicableHeaderTradeAgreement/ContractReferencedDocument/IssuerAssignedID")
	c.demand(c.typeCode() != "262" || contract != "" && from != "" && to != "", "BR-FR-CO-03", "a global credit note without a contract or period")
}
