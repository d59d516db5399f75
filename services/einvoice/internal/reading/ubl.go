package reading

import (
	"regexp"
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// names are what an Invoice and a CreditNote call the same.
type names struct{ typeCode, line, quantity string }

func (r *reader) ubl(root *node) *Invoice {
	called := names{"InvoiceTypeCode", "InvoiceLine", "InvoicedQuantity"}
	if root.is(nsCreditNote, "CreditNote") {
		called = names{"CreditNoteTypeCode", "CreditNoteLine", "CreditedQuantity"}
	}
	d := &Invoice{
		Syntax: UBL, Profile: r.text(root, "CustomizationID"), Process: r.text(root, "ProfileID"), Number: r.text(root, "ID"),
		Type: r.text(root, called.typeCode), Issued: r.ublDay(root, "IssueDate"), Due: r.ublDay(root, "DueDate"),
		Currency: r.text(root, "DocumentCurrencyCode"), BuyerReference: r.text(root, "BuyerReference"), Order: r.text(root, "OrderReference/ID"),
		Seller: r.ublParty(r.at(root, "AccountingSupplierParty/Party")), Buyer: r.ublParty(r.at(root, "AccountingCustomerParty/Party")),
		Payee:       r.text(root, "PayeeParty/PartyName/Name"),
		PeriodStart: r.ublDay(root, "InvoicePeriod/StartDate"), PeriodEnd: r.ublDay(root, "InvoicePeriod/EndDate"),
	}
	if all := root.all("ContractDocumentReference"); len(all) > 0 {
		d.Contract = r.text(all[0], "ID")
	}
	if all := root.all("Delivery"); len(all) > 0 {
		d.Delivered = r.ublDay(all[0], "ActualDeliveryDate")
	}
	for _, n := range r.many(root, "Note", maxParts) {
		d.Notes = append(d.Notes, r.ublNote(n))
	}
	for _, n := range r.many(root, "BillingReference", maxParts) {
		of := r.one(n, "InvoiceDocumentReference")
		if of == nil {
			of = r.one(n, "CreditNoteDocumentReference")
		}
		d.Preceding = append(d.Preceding, Preceding{Number: r.text(of, "ID"), Issued: r.ublDay(of, "IssueDate")})
	}
	for _, n := range r.many(root, called.line, maxLines) {
		d.Lines = append(d.Lines, r.ublLine(n, called.quantity))
	}
	r.ublPayment(d, root)
	r.ublSums(d, root)
	return d
}

// ublDay reads an xs:date. A time zone, which it may have, says nothing about a day.
func (r *reader) ublDay(n *node, path string) invoice.Date {
	at := r.at(n, path)
	if at == nil {
		return ""
	}
	text := at.value()
	if len(text) > 10 && (text[10:] == "Z" || zoneForm.MatchString(text[10:])) {
		text = text[:10]
	}
	return r.day(&node{text: []byte(text)}, "2006-01-02")
}

// zoneForm is the time zone of an xs:date.
var zoneForm = regexp.MustCompile(`^[+-]\d\d:\d\d$`)

// subjectForm is how a note begins that has a subject code (BT-21).
var subjectForm = regexp.MustCompile(`^#([A-Z]{3})#`)

func (r *reader) ublNote(n *node) Note {
	text := r.long(&node{children: []*node{{name: n.name, text: n.text}}}, n.name.Local)
	if head := subjectForm.FindStringSubmatch(text); head != nil {
		return Note{Subject: head[1], Text: strings.TrimSpace(text[len(head[0]):])}
	}
	return Note{Text: text}
}

func (r *reader) ublParty(n *node) Party {
	if n == nil {
		return Party{}
	}
	address := r.one(n, "PostalAddress")
	p := Party{
		TradingName: r.text(n, "PartyName/Name"), PostCode: r.text(address, "PostalZone"), City: r.text(address, "CityName"),
		Country: r.text(address, "Country/IdentificationCode"), ContactName: r.text(n, "Contact/Name"), Phone: r.text(n, "Contact/Telephone"),
		Mailaddr: r.text(n, "Contact/ElectronicMail"),
		Street:   joined(r.text(address, "StreetName"), r.text(address, "AdditionalStreetName"), r.text(address, "AddressLine/Line")),
	}
	if id := r.one(n, "EndpointID"); id != nil {
		p.Scheme, p.Address = r.attr(id, "schemeID"), r.clean(id)
	}
	for _, legal := range r.many(n, "PartyLegalEntity", 1) {
		p.Name = r.text(legal, "RegistrationName")
		id := r.one(legal, "CompanyID")
		p.identifier(id.attr("schemeID"), r.clean(id))
	}
	if p.Name == "" {
		p.Name, p.TradingName = p.TradingName, ""
	}
	for _, x := range r.many(n, "PartyIdentification", maxParts) {
		if id := r.one(x, "ID"); id.attr("schemeID") == "0009" {
			p.SIRET = r.clean(id)
		}
	}
	for _, tax := range r.many(n, "PartyTaxScheme", maxParts) {
		if r.text(tax, "TaxScheme/ID") == "VAT" {
			p.VATNumber = r.text(tax, "CompanyID")
		}
	}
	return p
}

func (r *reader) ublLine(n *node, quantity string) Line {
	item, price := r.one(n, "Item"), r.one(n, "Price")
	tax := r.one(item, "ClassifiedTaxCategory")
	return Line{
		ID: r.text(n, "ID"), Name: r.text(item, "Name"), Description: r.long(item, "Description"),
		Quantity: r.decimal(n, quantity), Unit: r.attr(r.one(n, quantity), "unitCode"),
		Price: r.decimal(price, "PriceAmount"), BaseQuantity: r.decimal(price, "BaseQuantity"),
		Net:      r.required(n, "LineExtensionAmount", "amount of a line (BT-131)"),
		Category: r.text(tax, "ID"), Rate: r.decimal(tax, "Percent"),
	}
}

func (r *reader) ublPayment(d *Invoice, root *node) {
	for _, m := range r.many(root, "PaymentMeans", maxParts) {
		if d.Payment.Means == "" {
			d.Payment.Means = r.text(m, "PaymentMeansCode")
		}
		if d.Payment.Reference == "" {
			d.Payment.Reference = r.firstText(m, "PaymentID")
		}
		if due := r.ublDay(m, "PaymentDueDate"); d.Due == "" {
			d.Due = due
		}
		account := r.one(m, "PayeeFinancialAccount")
		d.Payment.account(r.text(account, "ID"), r.text(account, "Name"), r.text(account, "FinancialInstitutionBranch/ID"))
	}
	for _, t := range r.many(root, "PaymentTerms", maxParts) {
		if notes := t.all("Note"); d.Payment.Terms == "" && len(notes) > 0 {
			d.Payment.Terms = r.ublNote(notes[0]).Text
		}
	}
}

func (r *reader) ublSums(d *Invoice, root *node) {
	var totals []*node
	for _, t := range r.many(root, "TaxTotal", 2) {
		if n := r.one(t, "TaxAmount"); n != nil {
			totals = append(totals, n)
		}
		for _, s := range r.many(t, "TaxSubtotal", maxParts) {
			category := r.one(s, "TaxCategory")
			d.VAT = append(d.VAT, VAT{
				Category: r.text(category, "ID"), Rate: r.decimal(category, "Percent"), Base: r.amount(s, "TaxableAmount"), Tax: r.amount(s, "TaxAmount"),
				Reason: r.firstText(category, "TaxExemptionReason"), ReasonCode: r.text(category, "TaxExemptionReasonCode"),
			})
		}
	}
	for _, a := range r.many(root, "AllowanceCharge", maxParts) {
		tax := r.one(a, "TaxCategory")
		d.Allowances = append(d.Allowances, Allowance{
			Charge: isTrue(r.text(a, "ChargeIndicator")), Amount: r.amount(a, "Amount"), Reason: r.firstText(a, "AllowanceChargeReason"),
			Category: r.text(tax, "ID"), Rate: r.decimal(tax, "Percent"),
		})
	}
	sum := r.one(root, "LegalMonetaryTotal")
	d.Totals = Totals{
		LineNet: r.amount(sum, "LineExtensionAmount"), Allowances: r.amount(sum, "AllowanceTotalAmount"), Charges: r.amount(sum, "ChargeTotalAmount"),
		Net: r.required(sum, "TaxExclusiveAmount", "total without VAT (BT-109)"), Gross: r.required(sum, "TaxInclusiveAmount", "total with VAT (BT-112)"),
		Prepaid: r.amount(sum, "PrepaidAmount"), Rounding: r.amount(sum, "PayableRoundingAmount"),
		Due: r.required(sum, "PayableAmount", "amount due (BT-115)"),
	}
	for _, n := range r.inCurrency(totals, d.Currency) {
		d.Totals.Tax = r.cents(n, "TaxAmount")
	}
}
