package cii

import (
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

// Read parses an invoice. The document is nil if the structure is wrong; other problems concern its values.
func Read(data []byte) (*document.Document, []document.Problem) {
	root, err := xmltree.Parse(data)
	if err != nil {
		return nil, []document.Problem{{Rule: "XML", Field: "/", Message: err.Error()}}
	}
	if wrong := structure.Check(root); len(wrong) > 0 {
		var problems []document.Problem
		for _, p := range wrong {
			problems = append(problems, document.Problem{Rule: "XSD", Field: p.Path, Message: p.Message})
		}
		return nil, problems
	}
	r := &reader{}
	return r.document(root), r.problems
}

type reader struct{ problems []document.Problem }

func (r *reader) add(rule, field, message string) {
	r.problems = append(r.problems, document.Problem{Rule: rule, Field: field, Message: message})
}

// number parses a decimal; an absent one is 0.
func (r *reader) number(rule string, n *xmltree.Node, path string, scale int) int64 {
	text := n.Get(path)
	if text == "" {
		return 0
	}
	v, ok := decimal.Parse(text, scale)
	if !ok || decimal.Decimals(text) > scale {
		r.add(rule, path, text+" is not a plain number, or has too many decimals")
	}
	return v
}

func (r *reader) amount(n *xmltree.Node, path string) int64 {
	return r.number("BR-FR-DEC-01", n, path, 2)
}

func (r *reader) tax(n *xmltree.Node) document.Tax {
	text := n.Get("RateApplicablePercent")
	if len(text) > 4 {
		r.add("BR-FR-DEC-04", "RateApplicablePercent", text+" has more than four characters")
	}
	if n.Get("TypeCode") != "VAT" {
		r.add("BR-CO-03", "TypeCode", "the type of a tax is VAT")
	}
	if text == "" && n.Get("CategoryCode") != "O" {
		r.add("BR-48", "RateApplicablePercent", "is missing")
	}
	return document.Tax{Category: n.Get("CategoryCode"), Rate: r.number("BR-FR-DEC-04", n, "RateApplicablePercent", 2)}
}

// date parses YYYYMMDD (format 102).
func (r *reader) date(n *xmltree.Node, path string) string {
	at := n.At(path)
	if at == nil {
		return ""
	}
	text := at.Value()
	day, err := time.Parse("20060102", text)
	if err != nil || at.Attr("format") != "102" {
		r.add("BR-FR-03", path, text+" is not a date in format 102")
		return text
	}
	return day.Format(time.DateOnly)
}

func (r *reader) document(root *xmltree.Node) *document.Document {
	context, head := root.At("ExchangedDocumentContext"), root.At("ExchangedDocument")
	body := root.At("SupplyChainTradeTransaction")
	agreement, settlement := body.At("ApplicableHeaderTradeAgreement"), body.At("ApplicableHeaderTradeSettlement")
	d := &document.Document{
		XML: true, Spec: context.Get("GuidelineSpecifiedDocumentContextParameter/ID"),
		Process: context.Get("BusinessProcessSpecifiedDocumentContextParameter/ID"), Number: head.Get("ID"), Type: head.Get("TypeCode"),
		Issued: r.date(head, "IssueDateTime/DateTimeString"), Currency: settlement.Get("InvoiceCurrencyCode"),
		BuyerReference: agreement.Get("BuyerReference"), Order: agreement.Get("BuyerOrderReferencedDocument/IssuerAssignedID"),
		Seller: r.party(agreement.At("SellerTradeParty")), Buyer: r.party(agreement.At("BuyerTradeParty")),
		Terms: settlement.Get("SpecifiedTradePaymentTerms/Description"),
		Due:   r.date(settlement, "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"),
	}
	for _, n := range head.All("IncludedNote") {
		d.Notes = append(d.Notes, document.Note{Subject: n.Get("SubjectCode"), Text: n.Get("Content")})
	}
	for _, n := range settlement.All("InvoiceReferencedDocument") {
		d.Preceding = append(d.Preceding, document.Preceding{
			Number: n.Get("IssuerAssignedID"), Issued: r.date(n, "FormattedIssueDateTime/DateTimeString"),
		})
	}
	for _, n := range body.All("IncludedSupplyChainTradeLineItem") {
		d.Lines = append(d.Lines, r.line(n))
	}
	r.settlement(d, settlement)
	return d
}

func (r *reader) party(n *xmltree.Node) document.Party {
	p := document.Party{
		Name: n.Get("Name"), Scheme: n.At("URIUniversalCommunication/URIID").Attr("schemeID"), Address: n.Get("URIUniversalCommunication/URIID"),
		PostCode: n.Get("PostalTradeAddress/PostcodeCode"), City: n.Get("PostalTradeAddress/CityName"), Country: n.Get("PostalTradeAddress/CountryID"),
	}
	var street []string
	for _, line := range []string{"LineOne", "LineTwo", "LineThree"} {
		if s := n.Get("PostalTradeAddress/" + line); s != "" {
			street = append(street, s)
		}
	}
	p.Street = strings.Join(street, ", ")
	if id := n.At("SpecifiedLegalOrganization/ID"); id.Attr("schemeID") == "0002" {
		p.SIREN = id.Value()
	}
	for _, id := range n.All("GlobalID") {
		if id.Attr("schemeID") == "0009" {
			p.SIRET = id.Value()
		}
	}
	for _, tax := range n.All("SpecifiedTaxRegistration") {
		switch id := tax.At("ID"); id.Attr("schemeID") {
		case "VA":
			p.VATNumber = id.Value()
		case "FC":
			p.TaxID = id.Value()
		}
	}
	return p
}

func (r *reader) line(n *xmltree.Node) document.Line {
	settlement := n.At("SpecifiedLineTradeSettlement")
	return document.Line{
		ID: n.Get("AssociatedDocumentLineDocument/LineID"), Name: n.Get("SpecifiedTradeProduct/Name"),
		Unit:     n.At("SpecifiedLineTradeDelivery/BilledQuantity").Attr("unitCode"),
		Quantity: r.number("BR-FR-DEC-02", n, "SpecifiedLineTradeDelivery/BilledQuantity", 4),
		Price:    r.number("BR-FR-DEC-03", n, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount", 6),
		Base:     r.number("BR-FR-DEC-02", n, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/BasisQuantity", 4),
		Net:      r.amount(settlement, "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"),
		Tax:      r.tax(settlement.At("ApplicableTradeTax")),
	}
}

func (r *reader) settlement(d *document.Document, n *xmltree.Node) {
	for _, m := range n.All("SpecifiedTradeSettlementPaymentMeans") {
		iban := m.Get("PayeePartyCreditorFinancialAccount/IBANID")
		if iban == "" {
			iban = m.Get("PayeePartyCreditorFinancialAccount/ProprietaryID")
		}
		d.Means = append(d.Means, document.Means{Code: m.Get("TypeCode"), IBAN: iban, BIC: m.Get("PayeeSpecifiedCreditorFinancialInstitution/BICID")})
	}
	for _, t := range n.All("ApplicableTradeTax") {
		if t.At("BasisAmount") == nil || t.At("CalculatedAmount") == nil {
			r.add("BR-45", "ApplicableTradeTax", "a sum of the VAT breakdown is missing")
		}
		d.VAT = append(d.VAT, document.VAT{
			Tax: r.tax(t), Base: r.amount(t, "BasisAmount"), Amount: r.amount(t, "CalculatedAmount"),
			Reason: t.Get("ExemptionReason"), ReasonCode: t.Get("ExemptionReasonCode"), DueCode: t.Get("DueDateTypeCode"),
		})
	}
	for _, a := range n.All("SpecifiedTradeAllowanceCharge") {
		reason := a.Get("Reason")
		if reason == "" {
			reason = a.Get("ReasonCode")
		}
		indicator := a.Get("ChargeIndicator/Indicator")
		d.Allowances = append(d.Allowances, document.Allowance{
			Charge: indicator == "true" || indicator == "1", Amount: r.amount(a, "ActualAmount"), Reason: reason, Tax: r.tax(a.At("CategoryTradeTax")),
		})
	}
	sum := n.At("SpecifiedTradeSettlementHeaderMonetarySummation")
	d.Totals = document.Totals{
		LineNet: r.amount(sum, "LineTotalAmount"), Allowances: r.amount(sum, "AllowanceTotalAmount"), Charges: r.amount(sum, "ChargeTotalAmount"),
		Net: r.amount(sum, "TaxBasisTotalAmount"), Tax: r.amount(sum, "TaxTotalAmount"), Gross: r.amount(sum, "GrandTotalAmount"),
		Prepaid: r.amount(sum, "TotalPrepaidAmount"), Rounding: r.amount(sum, "RoundingAmount"), Due: r.amount(sum, "DuePayableAmount"),
	}
	taxes := sum.All("TaxTotalAmount")
	if len(taxes) > 0 && taxes[0].Attr("currencyID") != d.Currency {
		r.add("BR-53", "TaxTotalAmount", "the currency of the VAT is not that of the invoice")
	}
}
