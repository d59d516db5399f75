package reading

import (
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

func (r *reader) cii(root *node) *Invoice {
	context, head := r.one(root, "ExchangedDocumentContext"), r.one(root, "ExchangedDocument")
	body := r.one(root, "SupplyChainTradeTransaction")
	agreement := r.one(body, "ApplicableHeaderTradeAgreement")
	delivery := r.one(body, "ApplicableHeaderTradeDelivery")
	settlement := r.one(body, "ApplicableHeaderTradeSettlement")
	d := &Invoice{
		Syntax: CII, Profile: r.text(context, "GuidelineSpecifiedDocumentContextParameter/ID"),
		Process: r.text(context, "BusinessProcessSpecifiedDocumentContextParameter/ID"),
		Number:  r.text(head, "ID"), Type: r.text(head, "TypeCode"), Issued: r.ciiDay(head, "IssueDateTime/DateTimeString"),
		Delivered: r.ciiDay(delivery, "ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString"),
		Currency:  r.text(settlement, "InvoiceCurrencyCode"), BuyerReference: r.text(agreement, "BuyerReference"),
		Order:    r.text(agreement, "BuyerOrderReferencedDocument/IssuerAssignedID"),
		Contract: r.text(agreement, "ContractReferencedDocument/IssuerAssignedID"),
		Seller:   r.ciiParty(r.one(agreement, "SellerTradeParty")), Buyer: r.ciiParty(r.one(agreement, "BuyerTradeParty")),
		Payee: r.text(settlement, "PayeeTradeParty/Name"),
	}
	d.PeriodStart = r.ciiDay(settlement, "BillingSpecifiedPeriod/StartDateTime/DateTimeString")
	d.PeriodEnd = r.ciiDay(settlement, "BillingSpecifiedPeriod/EndDateTime/DateTimeString")
	for _, n := range r.many(head, "IncludedNote", maxParts) {
		d.Notes = append(d.Notes, Note{Subject: r.text(n, "SubjectCode"), Text: r.long(n, "Content")})
	}
	for _, n := range r.many(settlement, "InvoiceReferencedDocument", maxParts) {
		d.Preceding = append(d.Preceding, Preceding{
			Number: r.text(n, "IssuerAssignedID"), Issued: r.ciiDay(n, "FormattedIssueDateTime/DateTimeString"),
		})
	}
	for _, n := range r.many(body, "IncludedSupplyChainTradeLineItem", maxLines) {
		d.Lines = append(d.Lines, r.ciiLine(n))
	}
	r.ciiPayment(d, settlement)
	r.ciiSums(d, settlement)
	return d
}

// ciiDay reads a date of format 102.
func (r *reader) ciiDay(n *node, path string) invoice.Date {
	at := r.at(n, path)
	if at == nil {
		return ""
	}
	if format := at.attr("format"); format != "" && format != "102" {
		r.fail("A date is not in the format of the document's language.")
	}
	return r.day(at, "20060102")
}

func (r *reader) ciiParty(n *node) Party {
	if n == nil {
		return Party{}
	}
	address := r.one(n, "PostalTradeAddress")
	p := Party{
		Name: r.text(n, "Name"), TradingName: r.text(n, "SpecifiedLegalOrganization/TradingBusinessName"),
		PostCode: r.text(address, "PostcodeCode"), City: r.text(address, "CityName"), Country: r.text(address, "CountryID"),
		Street: joined(r.text(address, "LineOne"), r.text(address, "LineTwo"), r.text(address, "LineThree")),
	}
	if id := r.at(n, "URIUniversalCommunication/URIID"); id != nil {
		p.Scheme, p.Address = r.attr(id, "schemeID"), r.clean(id)
	}
	if contacts := n.all("DefinedTradeContact"); len(contacts) > 0 {
		c := contacts[0]
		p.ContactName = r.text(c, "PersonName")
		p.Phone = r.text(c, "TelephoneUniversalCommunication/CompleteNumber")
		p.Mailaddr = r.text(c, "EmailURIUniversalCommunication/URIID")
	}
	for _, id := range r.many(n, "GlobalID", maxParts) {
		if id.attr("schemeID") == "0009" {
			p.SIRET = r.clean(id)
		}
	}
	id := r.at(n, "SpecifiedLegalOrganization/ID")
	p.identifier(id.attr("schemeID"), r.clean(id))
	for _, tax := range r.many(n, "SpecifiedTaxRegistration", maxParts) {
		if id := r.one(tax, "ID"); id.attr("schemeID") == "VA" {
			p.VATNumber = r.clean(id)
		}
	}
	return p
}

// joined joins the filled parts of a street.
func joined(parts ...string) string {
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, ", ")
}

func (r *reader) ciiLine(n *node) Line {
	product, agreement := r.one(n, "SpecifiedTradeProduct"), r.one(n, "SpecifiedLineTradeAgreement")
	price, settlement := r.one(agreement, "NetPriceProductTradePrice"), r.one(n, "SpecifiedLineTradeSettlement")
	tax := r.one(settlement, "ApplicableTradeTax")
	return Line{
		ID: r.text(n, "AssociatedDocumentLineDocument/LineID"), Name: r.text(product, "Name"), Description: r.long(product, "Description"),
		Quantity: r.decimal(n, "SpecifiedLineTradeDelivery/BilledQuantity"),
		Unit:     r.attr(r.at(n, "SpecifiedLineTradeDelivery/BilledQuantity"), "unitCode"),
		Price:    r.decimal(price, "ChargeAmount"), BaseQuantity: r.decimal(price, "BasisQuantity"),
		Net:      r.required(settlement, "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount", "amount of a line (BT-131)"),
		Category: r.text(tax, "CategoryCode"), Rate: r.decimal(tax, "RateApplicablePercent"),
	}
}

func (r *reader) ciiPayment(d *Invoice, settlement *node) {
	d.Payment.Reference = r.text(settlement, "PaymentReference")
	for _, m := range r.many(settlement, "SpecifiedTradeSettlementPaymentMeans", maxParts) {
		if d.Payment.Means == "" {
			d.Payment.Means = r.text(m, "TypeCode")
		}
		account := r.one(m, "PayeePartyCreditorFinancialAccount")
		iban := r.text(account, "IBANID")
		if iban == "" {
			iban = r.text(account, "ProprietaryID")
		}
		d.Payment.account(iban, r.text(account, "AccountName"), r.text(m, "PayeeSpecifiedCreditorFinancialInstitution/BICID"))
	}
	for _, t := range r.many(settlement, "SpecifiedTradePaymentTerms", maxParts) {
		if d.Payment.Terms == "" {
			d.Payment.Terms = r.long(t, "Description")
		}
		if due := r.ciiDay(t, "DueDateDateTime/DateTimeString"); d.Due == "" {
			d.Due = due
		}
	}
}

func (r *reader) ciiSums(d *Invoice, settlement *node) {
	for _, t := range r.many(settlement, "ApplicableTradeTax", maxParts) {
		d.VAT = append(d.VAT, VAT{
			Category: r.text(t, "CategoryCode"), Rate: r.decimal(t, "RateApplicablePercent"), Base: r.amount(t, "BasisAmount"),
			Tax: r.amount(t, "CalculatedAmount"), Reason: r.text(t, "ExemptionReason"), ReasonCode: r.text(t, "ExemptionReasonCode"),
		})
	}
	for _, a := range r.many(settlement, "SpecifiedTradeAllowanceCharge", maxParts) {
		tax := r.one(a, "CategoryTradeTax")
		d.Allowances = append(d.Allowances, Allowance{
			Charge: isTrue(r.text(a, "ChargeIndicator/Indicator")), Amount: r.amount(a, "ActualAmount"), Reason: r.text(a, "Reason"),
			Category: r.text(tax, "CategoryCode"), Rate: r.decimal(tax, "RateApplicablePercent"),
		})
	}
	sum := r.one(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
	d.Totals = Totals{
		LineNet: r.amount(sum, "LineTotalAmount"), Allowances: r.amount(sum, "AllowanceTotalAmount"), Charges: r.amount(sum, "ChargeTotalAmount"),
		Net: r.required(sum, "TaxBasisTotalAmount", "total without VAT (BT-109)"), Gross: r.required(sum, "GrandTotalAmount", "total with VAT (BT-112)"),
		Prepaid: r.amount(sum, "TotalPrepaidAmount"), Rounding: r.amount(sum, "RoundingAmount"),
		Due: r.required(sum, "DuePayableAmount", "amount due (BT-115)"),
	}
	for _, t := range r.inCurrency(r.many(sum, "TaxTotalAmount", 2), d.Currency) {
		d.Totals.Tax = r.cents(t, "TaxTotalAmount")
	}
}

// inCurrency picks the amount of VAT in the invoice's currency: a second one is in the currency of the books (BT-111).
func (r *reader) inCurrency(amounts []*node, currency string) []*node {
	if len(amounts) == 1 {
		return amounts
	}
	var found []*node
	for _, n := range amounts {
		if n.attr("currencyID") == currency {
			found = append(found, n)
		}
	}
	if len(found) > 1 {
		r.fail("The total of VAT (BT-110) occurs more than once.")
	}
	return found
}

func isTrue(s string) bool { return s == "true" || s == "1" }
