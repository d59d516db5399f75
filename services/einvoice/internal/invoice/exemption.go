package invoice

import (
	_ "embed" // the list of reasons
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/refuse"
)

// exemption is why a line has no VAT: the category (BT-151), the reason (BT-120) and its code (BT-121), which may be empty.
type exemption struct {
	category     Category
	code, reason string
}

// exemptionList has the codes of the list VATEX that a French seller can need, each with its category and its words. The margin schemes
// are missing: their VAT is not zero.
//
//go:embed exemptions.txt
var exemptionList string

var exemptions = readExemptions()

func readExemptions() map[string]exemption {
	list := map[string]exemption{}
	for line := range strings.Lines(exemptionList) {
		code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		category, reason, _ := strings.Cut(rest, " ")
		list[code] = exemption{Category(category), code, reason}
	}
	return list
}

// The reasons that follow from who sells what to whom.
const (
	codeReverse    = "VATEX-EU-AE"
	codeCommunity  = "VATEX-EU-IC"
	codeExport     = "VATEX-EU-G"
	codeOutOfScope = "VATEX-EU-O"
	// noVATReason is for sales within Guyane and Mayotte.
	noVATReason = "TVA non applicable en Guyane et à Mayotte, art. 294, 1 du CGI"
)

// exemption returns the reason for a rate of 0: that of the franchise, the one that the item states, or the one that follows from where
// the sale is made. It returns false if there is none: mainland France has no rate of zero.
func (x trade) exemption(it Item) (exemption, bool) {
	e, known := exemptions[it.ExemptCode]
	switch {
	case x.seller.Regime == RegimeFranchise:
		return exemption{Exempt, franchiseCode, franchiseReason}, true
	case known && it.ExemptReason != "":
		e.reason = it.ExemptReason
		return e, true
	case known:
		return e, true
	case it.ExemptReason != "":
		return exemption{category: Exempt, reason: it.ExemptReason}, true
	case x.withoutVAT():
		return exemption{category: Exempt, reason: noVATReason}, true
	case x.audience != B2BInternational:
		return exemption{}, false
	}
	return exemptions[x.abroad(it)], true
}

// abroad returns the code for what is sold to a business abroad (CGI, articles 259, 262 and 262 ter).
func (x trade) abroad(it Item) string {
	goods := x.nature(it) == Goods
	switch {
	case europe[x.buyer.Address.Country] && goods:
		return codeCommunity
	case europe[x.buyer.Address.Country]:
		return codeReverse
	case goods:
		return codeExport
	default:
		return codeOutOfScope
	}
}

// exempt validates the reason for the rate 0 of an item.
func (p *problems) exempt(at string, it Item, x trade) {
	if it.ExemptCode != "" && exemptions[it.ExemptCode].code == "" {
		p.Add(at+"vat_exemption_code", "must be a code of the list VATEX, such as VATEX-FR-CGI261-4; the API reference has them all")
		return
	}
	e, ok := x.exemption(it)
	if !ok {
		p.Add(at+"vat_exemption_code", "is required with a vat_rate of 0: for example VATEX-FR-CGI261-4 (care and teaching), VATEX-FR-CGI261D-2 (letting), "+
			"VATEX-FR-AE (reverse charge) or VATEX-EU-G (export); the API reference has the list. Or state the reason in vat_exemption_reason")
		return
	}
	private := x.audience == B2C
	switch e.category {
	case Community:
		number := x.buyer.VATNumber
		p.If(private, at+"vat_exemption_code", "%s is for sales to a business", e.code)
		p.If(x.nature(it) != Goods, at+"vat_exemption_code", "%s is for goods: services to a business in the EU have %s", e.code, codeReverse)
		p.If(!private && (number == "" || strings.HasPrefix(number, france)), "customer_vat_number",
			"is required for goods sold without VAT to another country of the EU: the buyer's VAT number there")
		p.If(!europe[x.delivered()], "delivery_address.country", "must be another country of the EU for goods with %s", e.code)
	case Reverse:
		p.If(private, at+"vat_exemption_code", "%s is for sales to a business", e.code)
		p.If(!private && x.buyer.VATNumber+x.buyer.SIREN == "", "customer_vat_number", "is required for reverse charge: the buyer declares the VAT")
	case OutOfScope:
		p.If(private, at+"vat_exemption_code", "%s is for services to a business", e.code)
	}
}

// apart refuses to mix what is outside of the scope of VAT with other sales (BR-O-11 to BR-O-14).
func (p *problems) apart(items []Item, x trade) {
	outside := slices.IndexFunc(items, func(it Item) bool { return x.category(it) == OutOfScope })
	inside := slices.IndexFunc(items, func(it Item) bool { return x.category(it) != OutOfScope })
	if outside >= 0 && inside >= 0 {
		p.Add(refuse.At("items", outside), "is outside the scope of VAT (%s), and other items are not: issue an invoice of its own for it", codeOutOfScope)
	}
}

// category returns the VAT category of a valid item. A rate of zero is never standard (BR-S-05).
func (x trade) category(it Item) Category {
	if it.VATPerMill > 0 {
		return Standard
	}
	e, _ := x.exemption(it)
	return e.category
}

// exemptions sets the reasons why there is no VAT (BR-E-10 and its siblings). All exemptions of one category share one sum (BR-E-01), so
// several reasons are joined, and then have no code.
func (d *Document) exemptions(x trade, items []Item) {
	for i := range d.VAT {
		v := &d.VAT[i]
		if v.Category == Standard {
			continue
		}
		var codes, reasons []string
		for _, it := range items {
			if e, _ := x.exemption(it); it.VATPerMill == 0 && e.category == v.Category {
				codes, reasons = append(codes, e.code), append(reasons, e.reason)
			}
		}
		if codes = unique(codes); len(codes) == 1 {
			v.ReasonCode = codes[0]
		}
		v.Reason = strings.Join(unique(reasons), " ; ")
	}
}

// unique removes repetitions and keeps the order.
func unique(list []string) []string {
	var once []string
	for _, s := range list {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
