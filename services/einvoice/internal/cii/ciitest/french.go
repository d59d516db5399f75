package ciitest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	numberForm  = regexp.MustCompile(`^[A-Za-z0-9+\-_/]+$`)
	addressForm = regexp.MustCompile(`^[A-Za-z0-9\-_.+]+$`)
	sirenForm   = regexp.MustCompile(`^\d{9}$`)
	siretForm   = regexp.MustCompile(`^\d{14}$`)
)

// The values that BR-FR-04 and BR-FR-08 allow.
var (
	typeCodes = strings.Fields("380 389 393 501 386 500 384 471 472 473 261 262 381 396 502 503")
	processes = strings.Fields("B1 S1 M1 B2 S2 M2 S3 B4 S4 M4 S5 S6 B7 S7 B8 S8 M8 B9 S9 M9")
	audiences = strings.Fields("B2B B2BINT B2C B2CINT OUTOFSCOPE ARCHIVEONLY")
)

// header is BR-FR-01, 02, 04 and 08, and the profile.
func (c *checker) header() {
	numbers := []string{c.number()}
	for _, r := range c.settle.all("InvoiceReferencedDocument/IssuerAssignedID") {
		numbers = append(numbers, r.text)
	}
	for _, n := range numbers {
		c.demand(len(n) <= 35, "BR-FR-01", "the number %q is longer than 35", n)
		c.demand(numberForm.MatchString(n), "BR-FR-02", "the number %q has other characters", n)
	}
	c.demand(slices.Contains(typeCodes, c.typeCode()), "BR-FR-04", "type code %q", c.typeCode())
	c.demand(slices.Contains(processes, c.process()), "BR-FR-08", "process %q", c.process())
	profile := c.doc.get("ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID")
	c.demand(profile == "urn:cen.eu:en16931:2017", RuleProfile, "profile %q", profile)
}

// notes is BR-FR-05, 06, 20 and 31.
func (c *checker) notes() {
	count := map[string]int{}
	for _, n := range c.doc.all("ExchangedDocument/IncludedNote") {
		subject := n.get("SubjectCode")
		count[subject]++
		c.demand(subject != "BAR" || slices.Contains(audiences, n.get("Content")), "BR-FR-20", "note BAR %q", n.get("Content"))
	}
	for _, subject := range []string{"PMT", "PMD", "AAB"} {
		c.demand(count[subject] >= 1, "BR-FR-05", "no note %s", subject)
	}
	for _, subject := range []string{"PMT", "PMD", "AAB", "TXD"} {
		c.demand(count[subject] <= 1, "BR-FR-06", "%d notes %s", count[subject], subject)
	}
	c.demand(count["BAR"] <= 1, "BR-FR-31", "%d notes BAR", count["BAR"])
}

// audience is what note BAR says.
func (c *checker) audience() string {
	for _, n := range c.doc.all("ExchangedDocument/IncludedNote") {
		if n.get("SubjectCode") == "BAR" {
			return n.get("Content")
		}
	}
	return ""
}

// dates is BR-FR-03 and BR-FR-CO-07.
func (c *checker) dates() {
	c.doc.walk(func(n *node) {
		if n.name != "DateTimeString" && n.name != "DateString" {
			return
		}
		day, err := time.Parse("20060102", n.text)
		ok := err == nil && day.Year() >= 2000 && day.Year() <= 2099 && n.attrs["format"] == "102"
		c.demand(ok, "BR-FR-03", "date %q in format %q", n.text, n.attrs["format"])
	})
	issued := c.doc.get("ExchangedDocument/IssueDateTime/DateTimeString")
	due := c.settle.get("SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")
	c.demand(due == "" || due >= issued || c.alreadyPaid(), "BR-FR-CO-07", "due on %s, issued on %s", due, issued)
}

// credits reports whether the document is a credit note, of an invoice or of a deposit.
func (c *checker) credits() bool { return slices.Contains([]string{"381", "503"}, c.typeCode()) }

// deposits is BR-FR-CO-08, and what a final invoice is without: the deposits that it names and deducts.
func (c *checker) deposits() {
	final := slices.Contains([]string{"B4", "S4", "M4"}, c.process())
	c.demand(!final || !slices.Contains([]string{"386", "500", "503"}, c.typeCode()), "BR-FR-CO-08", "a deposit is not a final invoice")
	if final && c.typeCode() == "380" {
		prepaid := c.settle.get("SpecifiedTradeSettlementHeaderMonetarySummation/TotalPrepaidAmount")
		c.demand(!equal(prepaid, "0") && len(c.settle.all("InvoiceReferencedDocument")) > 0, RuleDeposit, "a final invoice deducts %q of no deposit", prepaid)
	}
}

func (c *checker) alreadyPaid() bool { return slices.Contains([]string{"B2", "S2", "M2"}, c.process()) }

// paid is BR-FR-CO-09 and 12.
func (c *checker) paid() {
	c.deposits()
	if c.alreadyPaid() {
		sums := c.settle.first("SpecifiedTradeSettlementHeaderMonetarySummation")
		prepaid, gross, due := sums.get("TotalPrepaidAmount"), sums.get("GrandTotalAmount"), sums.get("DuePayableAmount")
		c.demand(equal(prepaid, gross), "BR-FR-CO-09", "paid already, but %q of %q", prepaid, gross)
		c.demand(equal(due, "0"), "BR-FR-CO-09", "paid already, but %q is due", due)
		c.demand(c.settle.get("SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString") != "", "BR-FR-CO-09", "paid already, but when?")
	}
	currency := c.settle.get("InvoiceCurrencyCode")
	euros := c.settle.get("TaxCurrencyCode") == "EUR" && c.vatTotal("EUR") != ""
	c.demand(currency == "EUR" || euros, "BR-FR-CO-12", "currency %q without VAT in EUR", currency)
}

// vatTotal is the sum of VAT in a currency (BT-110, BT-111); empty when there is none.
func (c *checker) vatTotal(currency string) string {
	for _, n := range c.settle.all("SpecifiedTradeSettlementHeaderMonetarySummation/TaxTotalAmount") {
		if n.attrs["currencyID"] == currency {
			return strings.TrimSpace(n.text)
		}
	}
	return ""
}

// references is BR-FR-CO-04 and 05.
func (c *checker) references() {
	refs := c.settle.all("InvoiceReferencedDocument")
	c.demand(c.typeCode() != "384" || len(refs) == 1, "BR-FR-CO-04", "a corrected invoice refers to %d invoices", len(refs))
	complete := 0
	for _, r := range refs {
		if r.get("IssuerAssignedID") != "" && r.get("FormattedIssueDateTime/DateTimeString") != "" {
			complete++
		}
		c.demand(r.get("IssuerAssignedID") != c.number(), RuleSelf, "%s refers to itself", c.number())
	}
	c.demand(!c.credits() || complete >= 1, "BR-FR-CO-05", "a credit note without the number and day of an invoice")
	c.rebate()
}

// rebate is BR-FR-CO-03.
func (c *checker) rebate() {
	if c.typeCode() != "262" {
		return
	}
	contract := c.doc.get("SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/ContractReferencedDocument/IssuerAssignedID")
	from := c.settle.get("BillingSpecifiedPeriod/StartDateTime/DateTimeString")
	to := c.settle.get("BillingSpecifiedPeriod/EndDateTime/DateTimeString")
	c.demand(contract != "" && from != "" && to != "", "BR-FR-CO-03", "contract %q, period %q to %q", contract, from, to)
}
