package cii_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// flatten gives a line "path@attribute-values=text" for each element with text.
func flatten(tb testing.TB, doc []byte) []string {
	tb.Helper()
	var path, lines []string
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	text, attrs := "", ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			tb.Fatalf("%v in %s", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path, text, attrs = append(path, token.Name.Local), "", ""
			for _, a := range token.Attr {
				attrs += "@" + a.Value
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if strings.TrimSpace(text) != "" {
				lines = append(lines, strings.Join(path, "/")+attrs+"="+text)
			}
			path, text, attrs = path[:len(path)-1], "", ""
		}
	}
}

func TestEveryTermIsWhereItBelongs(t *testing.T) {
	d := invoicetest.Find("b2b")
	d.BuyerReference, d.Lines[0].Description, d.Payment.Reference = "SERVICE-1", "Two of them", "INV-REF"
	d.References = invoice.References{SellerOrder: "ERP-1", PurchaseOrder: "PO-1", Contract: "C-1"}
	d.Period = &invoice.Period{From: "2026-10-01", To: "2026-10-31"}
	d.Delivery = &invoice.Delivery{Date: "2026-11-18", Address: &invoice.Address{Street: "Quai 4", More: "Porte B", PostCode: "13002", City: "Marseille", Country: "FR"}}
	d.Lines[0].PriceBase = 100 * invoice.One
	d.Buyer.Phone = "+33 2 00 00 00 00"
	got := "\n" + strings.Join(flatten(t, cii.Write(d)), "\n") + "\n"
	const (
		context   = "ExchangedDocumentContext/"
		document  = "ExchangedDocument/"
		line      = "SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem/"
		seller    = "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/SellerTradeParty/"
		buyer     = "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/BuyerTradeParty/"
		agreement = "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/"
		delivered = "SupplyChainTradeTransaction/ApplicableHeaderTradeDelivery/"
		settle    = "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement/"
		means     = settle + "SpecifiedTradeSettlementPaymentMeans/"
		sums      = settle + "SpecifiedTradeSettlementHeaderMonetarySummation/"
	)
	l, v := d.Lines[0], d.VAT[0]
	for term, want := range map[string]string{
		"BT-23": context + "BusinessProcessSpecifiedDocumentContextParameter/ID=" + d.Process,
		"BT-24": context + "GuidelineSpecifiedDocumentContextParameter/ID=" + cii.Profile,
		"BT-1":  document + "ID=" + d.Number, "BT-3": document + "TypeCode=380",
		"BT-2":  document + "IssueDateTime/DateTimeString@102=" + d.Issued.Compact(),
		"BT-22": document + "IncludedNote/Content=" + d.Notes[0].Text, "BT-21": document + "IncludedNote/SubjectCode=" + d.Notes[0].Subject,
		"BAR":   document + "IncludedNote/Content=B2B",
		"BT-10": "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement/BuyerReference=SERVICE-1",
		"BT-12": agreement + "ContractReferencedDocument/IssuerAssignedID=C-1", "BT-13": agreement + "BuyerOrderReferencedDocument/IssuerAssignedID=PO-1",
		"BT-14": agreement + "SellerOrderReferencedDocument/IssuerAssignedID=ERP-1",
		"BT-72": delivered + "ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString@102=20261118",
		"BT-73": settle + "BillingSpecifiedPeriod/StartDateTime/DateTimeString@102=20261001",
		"BT-74": settle + "BillingSpecifiedPeriod/EndDateTime/DateTimeString@102=20261031",
		"BT-75": delivered + "ShipToTradeParty/PostalTradeAddress/LineOne=Quai 4", "BT-76": delivered + "ShipToTradeParty/PostalTradeAddress/LineTwo=Porte B",
		"BT-77": delivered + "ShipToTradeParty/PostalTradeAddress/CityName=Marseille", "BT-78": delivered + "ShipToTradeParty/PostalTradeAddress/PostcodeCode=13002",
		"BT-80":  delivered + "ShipToTradeParty/PostalTradeAddress/CountryID=FR",
		"BT-149": line + "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/BasisQuantity@C62=100",
		"BT-27":  seller + "Name=" + d.Seller.Name, "BT-28": seller + "SpecifiedLegalOrganization/TradingBusinessName=" + d.Seller.TradingName,
		"BT-29": seller + "GlobalID@0009=" + d.Seller.SIRET, "BT-30": seller + "SpecifiedLegalOrganization/ID@0002=" + d.Seller.SIREN,
		"BT-31": seller + "SpecifiedTaxRegistration/ID@VA=" + d.Seller.VATNumber, "BT-33": seller + "Description=" + d.Seller.LegalInfo,
		"BT-34": seller + "URIUniversalCommunication/URIID@0225=" + d.Seller.Electronic.Value,
		"BT-35": seller + "PostalTradeAddress/LineOne=" + d.Seller.Address.Street, "BT-37": seller + "PostalTradeAddress/CityName=Paris",
		"BT-38": seller + "PostalTradeAddress/PostcodeCode=75010", "BT-40": seller + "PostalTradeAddress/CountryID=FR",
		"BT-42": seller + "DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber=" + d.Seller.Phone,
		"BT-43": seller + "DefinedTradeContact/EmailURIUniversalCommunication/URIID=" + d.Seller.Email,
		"BT-44": buyer + "Name=" + d.Buyer.Name, "BT-46": buyer + "GlobalID@0009=" + d.Buyer.SIRET,
		"BT-47": buyer + "SpecifiedLegalOrganization/ID@0002=" + d.Buyer.SIREN, "BT-48": buyer + "SpecifiedTaxRegistration/ID@VA=" + d.Buyer.VATNumber,
		"BT-49": buyer + "URIUniversalCommunication/URIID@0225=" + d.Buyer.Electronic.Value,
		"BT-50": buyer + "PostalTradeAddress/LineOne=" + d.Buyer.Address.Street, "BT-51": buyer + "PostalTradeAddress/LineTwo=" + d.Buyer.Address.More,
		"BT-52": buyer + "PostalTradeAddress/CityName=Lyon", "BT-53": buyer + "PostalTradeAddress/PostcodeCode=69003",
		"BT-55": buyer + "PostalTradeAddress/CountryID=FR", "BT-58": buyer + "DefinedTradeContact/EmailURIUniversalCommunication/URIID=" + d.Buyer.Email,
		"BT-57": buyer + "DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber=" + d.Buyer.Phone,
		"BT-83": settle + "PaymentReference=INV-REF", "BT-5": settle + "InvoiceCurrencyCode=EUR", "BT-81": means + "TypeCode=" + d.Payment.Means,
		"BT-84":  means + "PayeePartyCreditorFinancialAccount/IBANID=" + d.Payment.IBAN,
		"BT-86":  means + "PayeeSpecifiedCreditorFinancialInstitution/BICID=" + d.Payment.BIC,
		"BT-116": settle + "ApplicableTradeTax/BasisAmount=" + v.Base.String(), "BT-117": settle + "ApplicableTradeTax/CalculatedAmount=" + v.Tax.String(),
		"BT-118": settle + "ApplicableTradeTax/CategoryCode=S", "BT-119": settle + "ApplicableTradeTax/RateApplicablePercent=" + v.VATPerMill.String(),
		"BT-20":  settle + "SpecifiedTradePaymentTerms/Description=" + d.Payment.Terms,
		"BT-9":   settle + "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString@102=" + d.Due.Compact(),
		"BT-106": sums + "LineTotalAmount=" + d.Totals.LineNet.String(), "BT-109": sums + "TaxBasisTotalAmount=" + d.Totals.Net.String(),
		"BT-110": sums + "TaxTotalAmount@EUR=" + d.Totals.Tax.String(), "BT-112": sums + "GrandTotalAmount=" + d.Totals.Gross.String(),
		"BT-113": sums + "TotalPrepaidAmount=" + d.Totals.Prepaid.String(), "BT-115": sums + "DuePayableAmount=" + d.Totals.Due.String(),
		"BT-126": line + "AssociatedDocumentLineDocument/LineID=1", "BT-153": line + "SpecifiedTradeProduct/Name=" + l.Name,
		"BT-154": line + "SpecifiedTradeProduct/Description=Two of them",
		"BT-129": line + "SpecifiedLineTradeDelivery/BilledQuantity@C62=" + l.Quantity.String(),
		"BT-146": line + "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount=" + l.NetPrice.String(),
		"BT-148": line + "SpecifiedLineTradeAgreement/GrossPriceProductTradePrice/ChargeAmount=" + l.NetPrice.String(),
		"BT-131": line + "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount=" + l.Net.String(),
		"BT-151": line + "SpecifiedLineTradeSettlement/ApplicableTradeTax/CategoryCode=S",
		"BT-152": line + "SpecifiedLineTradeSettlement/ApplicableTradeTax/RateApplicablePercent=" + l.VATPerMill.String(),
	} {
		if !strings.Contains(got, "\nCrossIndustryInvoice/"+want+"\n") {
			t.Errorf("%s: no %s", term, want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestAnExemptionADiscountAndAReference(t *testing.T) {
	const settle = "\nCrossIndustryInvoice/SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement/"
	for name, wants := range map[string][]string{
		"franchise": {"ApplicableTradeTax/ExemptionReason=", "ApplicableTradeTax/ExemptionReasonCode=VATEX-FR-FRANCHISE\n"},
		"discount-four-rates": {
			"SpecifiedTradeAllowanceCharge/ChargeIndicator/Indicator=false\n", "SpecifiedTradeAllowanceCharge/ActualAmount=",
			"SpecifiedTradeAllowanceCharge/Reason=", "SpecifiedTradeAllowanceCharge/CategoryTradeTax/RateApplicablePercent=2.1\n",
			"SpecifiedTradeSettlementHeaderMonetarySummation/AllowanceTotalAmount=",
		},
		"credit-full": {
			"InvoiceReferencedDocument/IssuerAssignedID=INV-2026-AB12CD-000005\n",
			"InvoiceReferencedDocument/FormattedIssueDateTime/DateTimeString@102=20261121\n",
		},
	} {
		got := "\n" + strings.Join(flatten(t, cii.Write(invoicetest.Find(name))), "\n") + "\n"
		for _, want := range wants {
			if !strings.Contains(got, settle+want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

// A seller in franchise may have no VAT number; BR-E-02 and BR-Z-02 then want its tax registration (BT-32).
func TestASellerWithoutVATNumberIsRegisteredByItsSIREN(t *testing.T) {
	d := invoicetest.Find("franchise")
	want := `<ram:ID schemeID="FC">` + d.Seller.SIREN + `</ram:ID>`
	if got := string(cii.Write(d)); d.Seller.VATNumber != "" || !strings.Contains(got, want) {
		t.Errorf("no %s in %s", want, got)
	}
}

// Whatever a merchant writes stays text: it can neither end an element nor make the document unreadable.
func TestAnyTextComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := "|" + rapid.String().Draw(rt, "text") + rapid.SampledFrom([]string{
			"", "</ram:Name>", "]]>", "&amp;", "<!--", "\r\n", "\"'", "\x00", "\x1b", "\uFFFE", "\xff", "\t", "é🙂",
		}).Draw(rt, "odd") + "|"
		d := invoicetest.Find("b2c")
		d.Lines = []invoice.Line{d.Lines[0]}
		d.Lines[0].Name, d.Lines[0].Unit = text, text
		var name, unit string
		for _, l := range flatten(t, cii.Write(d)) {
			if _, after, ok := strings.Cut(l, "SpecifiedTradeProduct/Name="); ok {
				name = after
			}
			if _, after, ok := strings.Cut(l, "BilledQuantity@"); ok {
				unit = strings.TrimSuffix(after, "=1")
			}
		}
		want := strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				return 0xFFFD
			}
			return r
		}, text)
		if name != want || unit != want {
			rt.Fatalf("%q came back as %q and %q", text, name, unit)
		}
	})
}
