// Package sample creates valid documents, which tests then damage.
package sample

import (
	"bytes"
	"encoding/xml"
	"strings"
	"text/template"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
)

// SellerSIREN and BuyerSIREN are those of the sample, with valid check digits.
const (
	SellerSIREN = "123456782"
	BuyerSIREN  = "552100554"
)

// Invoice returns a valid invoice between businesses: two rates and a discount on one of them.
func Invoice() *document.Document {
	high, low := document.Tax{Category: "S", Rate: 2000}, document.Tax{Category: "S", Rate: 550}
	return &document.Document{
		XML: true, Spec: "urn:cen.eu:en16931:2017", Process: "B1", Number: "INV-2026-AB12CD-000001", Type: "380", Issued: "2026-11-21",
		Due: "2026-12-21", Currency: "EUR", BuyerReference: "ERP-7", Terms: "30 jours",
		Notes: []document.Note{
			{Subject: "PMT", Text: "Indemnité forfaitaire de 40 euros."},
			{Subject: "PMD", Text: "Pénalités : trois fois le taux légal."},
			{Subject: "AAB", Text: "Pas d'escompte."},
			{Subject: "BAR", Text: "B2B"},
		},
		Seller: document.Party{
			Name: "Boulangerie des Tests", SIREN: SellerSIREN, SIRET: "12345678200002", VATNumber: "FR11123456782", Scheme: "0225", Address: SellerSIREN,
			Street: "1 rue du Four", PostCode: "75001", City: "Paris", Country: "FR",
		},
		Buyer: document.Party{
			Name: "Café de l'Essai", SIREN: BuyerSIREN, Scheme: "0225", Address: BuyerSIREN, Street: "2 place d'Armes", PostCode: "69001", City: "Lyon",
			Country: "FR",
		},
		Means: []document.Means{{Code: "30", IBAN: "FR7630006000011234567890189"}},
		Lines: []document.Line{
			{ID: "1", Name: "Farine <T65> & levure", Unit: "C62", Quantity: 30000, Price: 8_333333, Net: 2500, Tax: high},
			{ID: "2", Name: "Pain", Unit: "C62", Quantity: 100000, Price: 948000, Net: 948, Tax: low},
		},
		Allowances: []document.Allowance{{Amount: 100, Reason: "Remise", Tax: high}},
		VAT: []document.VAT{
			{Tax: high, Base: 2400, Amount: 480}, {Tax: low, Base: 948, Amount: 52},
		},
		Totals: document.Totals{LineNet: 3448, Allowances: 100, Net: 3348, Tax: 532, Gross: 3880, Due: 3880},
	}
}

// Private converts an invoice to one for a private customer.
func Private(d *document.Document) *document.Document {
	d.Notes[3].Text = "B2C"
	d.Buyer = document.Party{Name: "Camille Exemple", Scheme: "EM", Address: "camille@example.com", Country: "FR"}
	return d
}

// CreditNote returns a credit note for an invoice.
func CreditNote(of *document.Document) *document.Document {
	d := *of
	d.Number, d.Type = "CN-"+of.Number[4:], "381"
	d.Preceding = []document.Preceding{{Number: of.Number, Issued: of.Issued}}
	return &d
}

// XML formats a document as a Cross Industry Invoice.
func XML(d *document.Document) []byte {
	var out bytes.Buffer
	if err := layout.Execute(&out, d); err != nil { // impossible: the layout is ours
		panic(err)
	}
	return out.Bytes()
}

var layout = template.Must(template.New("cii").Funcs(template.FuncMap{
	"day":   func(s string) string { return strings.ReplaceAll(s, "-", "") },
	"cents": decimal.Cents,
	"rate":  func(n int64) string { return decimal.Format(n, 2, 0) },
	"qty":   func(n int64) string { return decimal.Format(n, 4, 0) },
	"price": func(n int64) string { return decimal.Format(n, 6, 2) },
	"x": func(s string) string {
		var out strings.Builder
		if err := xml.EscapeText(&out, []byte(s)); err != nil { // writing to a Builder never fails
			panic(err)
		}
		return out.String()
	},
}).Parse(`<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" ` +
	`xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100" ` +
	`xmlns:qdt="urn:un:unece:uncefact:data:standard:QualifiedDataType:100" ` +
	`xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext>
{{with .Process}}<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>{{x .}}</ram:ID></ram:BusinessProcessSpecifiedDocumentContextParameter>
{{end}}<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{{x .Spec}}</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>
</rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument>
<ram:ID>{{x .Number}}</ram:ID>
<ram:TypeCode>{{.Type}}</ram:TypeCode>
<ram:IssueDateTime><udt:DateTimeString format="102">{{day .Issued}}</udt:DateTimeString></ram:IssueDateTime>
{{range .Notes}}<ram:IncludedNote><ram:Content>{{x .Text}}</ram:Content><ram:SubjectCode>{{.Subject}}</ram:SubjectCode></ram:IncludedNote>
{{end}}</rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
{{range .Lines}}<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>{{.ID}}</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>{{x .Name}}</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement>
<ram:GrossPriceProductTradePrice><ram:ChargeAmount>{{price .Price}}</ram:ChargeAmount></ram:GrossPriceProductTradePrice>
<ram:NetPriceProductTradePrice><ram:ChargeAmount>{{price .Price}}</ram:ChargeAmount></ram:NetPriceProductTradePrice>
</ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="{{.Unit}}">{{qty .Quantity}}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement>
<ram:ApplicableTradeTax>{{template "tax" .Tax}}</ram:ApplicableTradeTax>
<ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{{cents .Net}}</ram:LineTotalAmount>` +
	`</ram:SpecifiedTradeSettlementLineMonetarySummation>
</ram:SpecifiedLineTradeSettlement>
</ram:IncludedSupplyChainTradeLineItem>
{{end}}<ram:ApplicableHeaderTradeAgreement>
{{with .BuyerReference}}<ram:BuyerReference>{{x .}}</ram:BuyerReference>
{{end}}<ram:SellerTradeParty>{{template "party" .Seller}}</ram:SellerTradeParty>
<ram:BuyerTradeParty>{{template "party" .Buyer}}</ram:BuyerTradeParty>
</ram:ApplicableHeaderTradeAgreement>
<ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>{{.Currency}}</ram:InvoiceCurrencyCode>
{{range .Means}}<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>{{.Code}}</ram:TypeCode>
{{with .IBAN}}<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>{{.}}</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
{{end}}</ram:SpecifiedTradeSettlementPaymentMeans>
{{end}}{{range .VAT}}<ram:ApplicableTradeTax><ram:CalculatedAmount>{{cents .Amount}}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>` +
	`{{with .Reason}}<ram:ExemptionReason>{{x .}}</ram:ExemptionReason>{{end}}<ram:BasisAmount>{{cents .Base}}</ram:BasisAmount>` +
	`<ram:CategoryCode>{{.Category}}</ram:CategoryCode>{{with .ReasonCode}}<ram:ExemptionReasonCode>{{.}}</ram:ExemptionReasonCode>{{end}}` +
	`{{with .DueCode}}<ram:DueDateTypeCode>{{.}}</ram:DueDateTypeCode>{{end}}` +
	`<ram:RateApplicablePercent>{{rate .Rate}}</ram:RateApplicablePercent></ram:ApplicableTradeTax>
{{end}}{{range .Allowances}}<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>{{.Charge}}</udt:Indicator></ram:ChargeIndicator>` +
	`<ram:ActualAmount>{{cents .Amount}}</ram:ActualAmount><ram:Reason>{{x .Reason}}</ram:Reason>` +
	`<ram:CategoryTradeTax>{{template "tax" .Tax}}</ram:CategoryTradeTax></ram:SpecifiedTradeAllowanceCharge>
{{end}}<ram:SpecifiedTradePaymentTerms>{{with .Terms}}<ram:Description>{{x .}}</ram:Description>{{end}}` +
	`{{with .Due}}<ram:DueDateDateTime><udt:DateTimeString format="102">{{day .}}</udt:DateTimeString></ram:DueDateDateTime>{{end}}` +
	`</ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:LineTotalAmount>{{cents .Totals.LineNet}}</ram:LineTotalAmount>
<ram:AllowanceTotalAmount>{{cents .Totals.Allowances}}</ram:AllowanceTotalAmount>
<ram:TaxBasisTotalAmount>{{cents .Totals.Net}}</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">{{cents .Totals.Tax}}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{{cents .Totals.Gross}}</ram:GrandTotalAmount>
<ram:TotalPrepaidAmount>{{cents .Totals.Prepaid}}</ram:TotalPrepaidAmount>
<ram:DuePayableAmount>{{cents .Totals.Due}}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation>
{{range .Preceding}}<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>{{x .Number}}</ram:IssuerAssignedID>` +
	`<ram:FormattedIssueDateTime><qdt:DateTimeString format="102">{{day .Issued}}</qdt:DateTimeString></ram:FormattedIssueDateTime>` +
	`</ram:InvoiceReferencedDocument>
{{end}}</ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>
{{define "tax"}}<ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>{{.Category}}</ram:CategoryCode>` +
	`<ram:RateApplicablePercent>{{rate .Rate}}</ram:RateApplicablePercent>{{end}}
{{define "party"}}{{with .SIRET}}<ram:GlobalID schemeID="0009">{{.}}</ram:GlobalID>{{end}}<ram:Name>{{x .Name}}</ram:Name>` +
	`{{with .SIREN}}<ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">{{.}}</ram:ID></ram:SpecifiedLegalOrganization>{{end}}` +
	`<ram:PostalTradeAddress>{{with .PostCode}}<ram:PostcodeCode>{{.}}</ram:PostcodeCode>{{end}}{{with .Street}}<ram:LineOne>{{x .}}</ram:LineOne>{{end}}` +
	`{{with .City}}<ram:CityName>{{x .}}</ram:CityName>{{end}}<ram:CountryID>{{.Country}}</ram:CountryID></ram:PostalTradeAddress>` +
	`{{if .Address}}<ram:URIUniversalCommunication><ram:URIID schemeID="{{.Scheme}}">{{x .Address}}</ram:URIID></ram:URIUniversalCommunication>{{end}}` +
	`{{with .VATNumber}}<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{{.}}</ram:ID></ram:SpecifiedTaxRegistration>{{end}}` +
	`{{with .TaxID}}<ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">{{.}}</ram:ID></ram:SpecifiedTaxRegistration>{{end}}{{end}}`))
