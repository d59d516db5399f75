// Package ciitest validates Cross Industry Invoices independently: it reads the XML and knows nothing of how it was written. It
// implements the French rules (BR-FR, version 1.4.0) in a form that runs in every test, and checks that the official rules lack:
// check digits, signs, quantity × price, VAT to the cent, and consistency between documents.
//
// Rules about elements that are never written (attachments, attributes of articles, other kinds of documents) are omitted: such
// an element is a problem itself.
package ciitest

import (
	"fmt"
	"slices"
)

// Problem is a violated rule. Rule is the official name, or one of ours if there is none.
type Problem struct{ Rule, Text string }

// The rules that have no official name.
const (
	RuleXML      = "XML"           // cannot be read
	RuleUnknown  = "UNKNOWN"       // an element whose rules are not here
	RuleProfile  = "PROFILE"       // BT-24 is another
	RuleLuhn     = "LUHN"          // check digit of a SIREN or SIRET
	RuleVATKey   = "VAT-KEY"       // key of a French VAT number
	RuleSign     = "SIGN"          // an amount below zero
	RuleLine     = "LINE"          // quantity × price is not the line
	RuleCent     = "VAT-CENT"      // VAT is more than a cent away from base × rate
	RuleSpelling = "RATE-SPELLING" // one rate, two spellings
	RuleSelf     = "SELF"          // a document that refers to itself
	RuleTwice    = "TWICE"         // a number used twice
	RuleDangling = "DANGLING"      // BT-25 or BT-26 is of no document
	RuleExceeds  = "EXCEEDS"       // more is credited than was invoiced
	RuleDeposit  = "DEPOSIT"       // a final invoice without the deposit that it deducts
)

// checker collects the problems of one document.
type checker struct {
	doc      *node
	tx       *node // SupplyChainTradeTransaction
	seller   *node
	buyer    *node
	settle   *node
	problems []Problem
}

// Check returns the problems of a document.
func Check(doc []byte) []Problem {
	c, err := read(doc)
	if err != nil {
		return []Problem{{RuleXML, err.Error()}}
	}
	c.header()
	c.notes()
	c.dates()
	c.parties()
	c.references()
	c.paid()
	c.vatCodes()
	c.decimals()
	c.sums()
	c.vatSums()
	c.untaxed()
	c.delivery()
	c.lines()
	c.unknown()
	return c.problems
}

func read(doc []byte) (*checker, error) {
	root, err := parse(doc)
	if err != nil {
		return nil, err
	}
	tx := root.first("SupplyChainTradeTransaction")
	return &checker{
		doc: root, tx: tx,
		seller: tx.first("ApplicableHeaderTradeAgreement/SellerTradeParty"),
		buyer:  tx.first("ApplicableHeaderTradeAgreement/BuyerTradeParty"),
		settle: tx.first("ApplicableHeaderTradeSettlement"),
	}, nil
}

// demand records a problem unless ok.
func (c *checker) demand(ok bool, rule, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, Problem{rule, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) number() string   { return c.doc.get("ExchangedDocument/ID") }
func (c *checker) typeCode() string { return c.doc.get("ExchangedDocument/TypeCode") }
func (c *checker) process() string {
	return c.doc.get("ExchangedDocumentContext/BusinessProcessSpecifiedDocumentContextParameter/ID")
}

// unknown refuses elements whose rules are omitted here (BR-FR-17, 18, 24 and 26 to 30, BR-FR-CO-14).
func (c *checker) unknown() {
	names := []string{
		"AdditionalReferencedDocument", "ApplicableProductCharacteristic", "PayeeTradeParty", "SellerTaxRepresentativeTradeParty",
	}
	c.doc.walk(func(n *node) {
		c.demand(!slices.Contains(names, n.name), RuleUnknown, "%s is not checked here", n.name)
		scheme := n.attrs["schemeID"]
		c.demand(scheme != "0224" && scheme != "0231", RuleUnknown, "the scheme %s is not checked here", scheme)
	})
}
