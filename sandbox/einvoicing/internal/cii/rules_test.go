package cii

import (
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// read is all that is said about an invoice whose text was changed in one place. The change has to be possible.
func read(t *testing.T, of *document.Document, old, with string) (*document.Document, []document.Problem) {
	t.Helper()
	text := string(sample.XML(of))
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in the sample:\n%s", old, text)
	}
	return Read([]byte(strings.Replace(text, old, with, 1)))
}

// Each rule that only the reader of the XML knows, by the one thing that breaks it.
func TestWhatOnlyTheXMLCanBreak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, with, rule, field string }{
		"a rate of 5 characters": {">20</ram:RateApplicablePercent>", ">20.00</ram:RateApplicablePercent>", "BR-FR-DEC-04", "RateApplicablePercent"},
		"a rate of 3 decimals":   {">5.5</ram:RateApplicablePercent>", ">.005</ram:RateApplicablePercent>", "BR-FR-DEC-04", "RateApplicablePercent"},
		"another tax":            {"<ram:TypeCode>VAT</ram:TypeCode>", "<ram:TypeCode>GST</ram:TypeCode>", "BR-CO-03", "TypeCode"},
		"no rate":                {"<ram:RateApplicablePercent>20</ram:RateApplicablePercent>", "", "BR-48", "RateApplicablePercent"},
		"no base of a rate":      {"<ram:BasisAmount>24.00</ram:BasisAmount>", "", "BR-45", "ApplicableTradeTax"},
		"no tax of a rate":       {"<ram:CalculatedAmount>4.80</ram:CalculatedAmount>", "", "BR-45", "ApplicableTradeTax"},
		"tax in dollars":         {`currencyID="EUR"`, `currencyID="USD"`, "BR-53", "TaxTotalAmount"},
		"tax in nothing":         {` currencyID="EUR"`, "", "BR-53", "TaxTotalAmount"},
		"three decimals":         {"<ram:GrandTotalAmount>38.80<", "<ram:GrandTotalAmount>38.800<", "BR-FR-DEC-01", "GrandTotalAmount"},
		"a plus":                 {"<ram:GrandTotalAmount>38.80<", "<ram:GrandTotalAmount>+38.80<", "BR-FR-DEC-01", "GrandTotalAmount"},
		"a quantity":             {">3</ram:BilledQuantity>", ">3.00001</ram:BilledQuantity>", "BR-FR-DEC-02", "SpecifiedLineTradeDelivery/BilledQuantity"},
		"a price": {
			"<ram:NetPriceProductTradePrice><ram:ChargeAmount>8.333333<", "<ram:NetPriceProductTradePrice><ram:ChargeAmount>8.3333333<", "BR-FR-DEC-03",
			"SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount",
		},
		"a day in another form":  {`format="102">20261121<`, `format="102">2026-11-21<`, "BR-FR-03", "IssueDateTime/DateTimeString"},
		"a month, by its format": {`format="102">20261121<`, `format="610">20261121<`, "BR-FR-03", "IssueDateTime/DateTimeString"},
		"no day of the year":     {`format="102">20261221<`, `format="102">20261232<`, "BR-FR-03", "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"},
	} {
		_, problems := read(t, sample.Invoice(), c.old, c.with)
		if !slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == c.rule && p.Field == c.field }) {
			t.Errorf("%s: no %s at %s in %+v", name, c.rule, c.field, problems)
		}
	}
}

// What stands elsewhere in the XML arrives in the document: a judge that overlooks something lets it pass.
func TestEverythingIsReadFromItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		is        func(*document.Document) bool
	}{
		"profile":         {"urn:cen.eu:en16931:2017<", "urn:x<", func(d *document.Document) bool { return d.Spec == "urn:x" }},
		"process":         {"<ram:ID>B1<", "<ram:ID>S1<", func(d *document.Document) bool { return d.Process == "S1" }},
		"type":            {"<ram:TypeCode>380<", "<ram:TypeCode>384<", func(d *document.Document) bool { return d.Type == "384" }},
		"currency":        {"<ram:InvoiceCurrencyCode>EUR<", "<ram:InvoiceCurrencyCode>CHF<", func(d *document.Document) bool { return d.Currency == "CHF" }},
		"reference":       {">ERP-7<", ">ERP-8<", func(d *document.Document) bool { return d.BuyerReference == "ERP-8" }},
		"terms":           {">30 jours<", ">60 jours<", func(d *document.Document) bool { return d.Terms == "60 jours" }},
		"subject":         {"<ram:SubjectCode>AAB<", "<ram:SubjectCode>AAI<", func(d *document.Document) bool { return d.Notes[2].Subject == "AAI" }},
		"SIRET":           {`schemeID="0009"`, `schemeID="0088"`, func(d *document.Document) bool { return d.Seller.SIRET == "" }},
		"SIREN":           {`schemeID="0002"`, `schemeID="0009"`, func(d *document.Document) bool { return d.Seller.SIREN == "" }},
		"VAT number":      {`schemeID="VA"`, `schemeID="FC"`, func(d *document.Document) bool { return d.Seller.VATNumber == "" && d.Seller.TaxID == "FR11123456782" }},
		"scheme":          {`schemeID="0225"`, `schemeID="0088"`, func(d *document.Document) bool { return d.Seller.Scheme == "0088" }},
		"unit":            {`unitCode="C62"`, `unitCode="KGM"`, func(d *document.Document) bool { return d.Lines[0].Unit == "KGM" }},
		"charge":          {"<udt:Indicator>false<", "<udt:Indicator>true<", func(d *document.Document) bool { return d.Allowances[0].Charge }},
		"charge, as 1":    {"<udt:Indicator>false<", "<udt:Indicator>1<", func(d *document.Document) bool { return d.Allowances[0].Charge }},
		"no charge, 0":    {"<udt:Indicator>false<", "<udt:Indicator>0<", func(d *document.Document) bool { return !d.Allowances[0].Charge }},
		"a reason":        {"<ram:Reason>Remise<", "<ram:ReasonCode>95</ram:ReasonCode><ram:Reason>Remise<", func(d *document.Document) bool { return d.Allowances[0].Reason == "Remise" }},
		"a reason's code": {"<ram:Reason>Remise</ram:Reason>", "<ram:ReasonCode>95</ram:ReasonCode>", func(d *document.Document) bool { return d.Allowances[0].Reason == "95" }},
		"charges":         {"<ram:AllowanceTotalAmount>", "<ram:ChargeTotalAmount>7.00</ram:ChargeTotalAmount><ram:AllowanceTotalAmount>", func(d *document.Document) bool { return d.Totals.Charges == 700 }},
		"rounding":        {"<ram:GrandTotalAmount>", "<ram:RoundingAmount>0.01</ram:RoundingAmount><ram:GrandTotalAmount>", func(d *document.Document) bool { return d.Totals.Rounding == 1 }},
		"no terms":        {"<ram:Description>30 jours</ram:Description>", "", func(d *document.Document) bool { return d.Terms == "" }},
		"second street":   {"<ram:CityName>Paris<", "<ram:LineTwo>Bât. B</ram:LineTwo><ram:CityName>Paris<", func(d *document.Document) bool { return d.Seller.Street == "1 rue du Four, Bât. B" }},
		"order": {
			"</ram:BuyerTradeParty>", "</ram:BuyerTradeParty><ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-1</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>",
			func(d *document.Document) bool { return d.Order == "PO-1" },
		},
		"another account": {"<ram:IBANID>FR7630006000011234567890189</ram:IBANID>", "<ram:ProprietaryID>X1</ram:ProprietaryID>", func(d *document.Document) bool { return d.Means[0].IBAN == "X1" }},
		"bank": {
			"</ram:PayeePartyCreditorFinancialAccount>", "</ram:PayeePartyCreditorFinancialAccount><ram:PayeeSpecifiedCreditorFinancialInstitution><ram:BICID>AGRIFRPP</ram:BICID></ram:PayeeSpecifiedCreditorFinancialInstitution>",
			func(d *document.Document) bool { return d.Means[0].BIC == "AGRIFRPP" },
		},
	} {
		d, problems := read(t, sample.Invoice(), c.old, c.with)
		if d == nil || !c.is(d) {
			t.Errorf("%s: %+v %+v", name, d, problems)
		}
	}
	if d, problems := read(t, sample.Invoice(), ">20</ram:RateApplicablePercent>", ">20.0</ram:RateApplicablePercent>"); len(problems) > 0 || !d.XML || d.Lines[0].Rate != 2000 {
		t.Errorf("a rate of four characters: %+v %+v", d, problems)
	}
	of := sample.Invoice()
	of.Lines[0].Category, of.Lines[0].Rate = "O", 0
	if _, problems := read(t, of, "<ram:CategoryCode>O</ram:CategoryCode><ram:RateApplicablePercent>0</ram:RateApplicablePercent>", "<ram:CategoryCode>O</ram:CategoryCode>"); len(problems) > 0 {
		t.Errorf("what is out of the tax needs no rate: %+v", problems)
	}
}

// The structure by itself: one wrong element for each kind of wrong.
func TestTheStructureIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, with, says string }{
		"an element is missing":     {"<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>", "", "InvoiceCurrencyCode is missing"},
		"an element is there twice": {"<ram:TypeCode>380</ram:TypeCode>", "<ram:TypeCode>380</ram:TypeCode><ram:TypeCode>380</ram:TypeCode>", "is missing, or not in its place"},
		"an element too many":       {"</ram:IBANID>", "</ram:IBANID><ram:Foo>x</ram:Foo>", "Foo is not expected here"},
		"one time too often":        {"<ram:BuyerReference>ERP-7</ram:BuyerReference>", "<ram:BuyerReference>ERP-7</ram:BuyerReference><ram:BuyerReference>E</ram:BuyerReference>", "is missing, or not in its place"},
		"children of a text":        {"<ram:LineID>1<", "<ram:LineID><ram:ID>1</ram:ID><", "has children"},
		"a text among elements":     {"<ram:IncludedNote>", "<ram:IncludedNote>x", "has a text"},
		"no number":                 {">38.80<", ">38,80<", "is not a value of its type"},
		"no truth":                  {"<udt:Indicator>false<", "<udt:Indicator>no<", "is not a value of its type"},
		"an attribute too many":     {`<ram:LineID>`, `<ram:LineID schemeName="x">`, "the attribute schemeName is not expected"},
		"an attribute of others":    {`unitCode="C62"`, `currencyID="EUR"`, "the attribute currencyID is not expected"},
		"an attribute in a space":   {`unitCode="C62"`, `ram:unitCode="C62"`, "the attribute unitCode is not expected"},
		"an attribute is missing":   {` format="102"`, "", "the attribute format is missing"},
		"an attribute of a parent":  {"<ram:SellerTradeParty>", `<ram:SellerTradeParty id="1">`, "the attribute id is not expected"},
		"another root":              {"<rsm:CrossIndustryInvoice", "<rsm:Invoice", "not well-formed"},
		"a file that is none": {
			"</ram:BuyerTradeParty>", `</ram:BuyerTradeParty><ram:AdditionalReferencedDocument><ram:AttachmentBinaryObject mimeCode="a" filename="b">*</ram:AttachmentBinaryObject></ram:AdditionalReferencedDocument>`,
			"is not a value of its type",
		},
	} {
		d, problems := read(t, sample.Invoice(), c.old, c.with)
		if d != nil || !slices.ContainsFunc(problems, func(p document.Problem) bool { return strings.Contains(p.Message, c.says) }) {
			t.Errorf("%s: %+v", name, problems)
		}
	}
	for name, c := range map[string][2]string{
		"where the schema is":  {"<rsm:CrossIndustryInvoice ", `<rsm:CrossIndustryInvoice xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x" `},
		"an optional one less": {"<ram:BuyerReference>ERP-7</ram:BuyerReference>", ""},
		"spaces in a truth":    {"<udt:Indicator>false<", "<udt:Indicator> false <"},
		"a file": {"</ram:BuyerTradeParty>", `</ram:BuyerTradeParty><ram:AdditionalReferencedDocument><ram:AttachmentBinaryObject mimeCode="a" filename="b">QUJD
REVG</ram:AttachmentBinaryObject></ram:AdditionalReferencedDocument>`},
	} {
		if d, problems := read(t, sample.Invoice(), c[0], c[1]); d == nil || len(problems) > 0 {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}
