package e2e

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// supplied is an invoice of a supplier in UBL, with that number.
func supplied(number string) string {
	return `<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" ` +
		`xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><b:ID>` + number + `</b:ID><b:IssueDate>2026-11-05</b:IssueDate>` +
		`<b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>` +
		`<a:AccountingSupplierParty><a:Party><a:PartyLegalEntity><b:RegistrationName>Fournitures Martin</b:RegistrationName><b:CompanyID schemeID="0002">732829320</b:CompanyID>` +
		`</a:PartyLegalEntity></a:Party></a:AccountingSupplierParty><a:AccountingCustomerParty><a:Party><a:PartyName><b:Name>Demo Store</b:Name></a:PartyName></a:Party></a:AccountingCustomerParty>` +
		`<a:PaymentMeans><b:PaymentMeansCode>58</b:PaymentMeansCode><a:PayeeFinancialAccount><b:ID>FR7630006000011234567890189</b:ID></a:PayeeFinancialAccount></a:PaymentMeans>` +
		`<a:TaxTotal><b:TaxAmount>20.00</b:TaxAmount><a:TaxSubtotal><b:TaxableAmount>100.00</b:TaxableAmount><b:TaxAmount>20.00</b:TaxAmount><a:TaxCategory><b:ID>S</b:ID><b:Percent>20</b:Percent></a:TaxCategory></a:TaxSubtotal></a:TaxTotal>` +
		`<a:LegalMonetaryTotal><b:LineExtensionAmount>100.00</b:LineExtensionAmount><b:TaxExclusiveAmount>100.00</b:TaxExclusiveAmount><b:TaxInclusiveAmount>120.00</b:TaxInclusiveAmount><b:PayableAmount>120.00</b:PayableAmount></a:LegalMonetaryTotal>` +
		`<a:InvoiceLine><b:ID>1</b:ID><b:InvoicedQuantity unitCode="C62">1</b:InvoicedQuantity><b:LineExtensionAmount>100.00</b:LineExtensionAmount><a:Item><b:Name>Papier</b:Name></a:Item><a:Price><b:PriceAmount>100</b:PriceAmount></a:Price></a:InvoiceLine></Invoice>`
}

// receives makes a supplier send the merchant an invoice in test mode, and waits for it.
func (m *merchant) receives(t testing.TB, number string) *eupay.ReceivedInvoice {
	t.Helper()
	m.w.platform(t, http.MethodPost, "/clients/"+m.ID+"-test/deliver", object{"format": "ubl", "file": base64.StdEncoding.EncodeToString([]byte(supplied(number)))}.json(), nil)
	var found *eupay.ReceivedInvoice
	eventually(t, "the invoice of a supplier comes", func() bool {
		page, err := m.client.Received.List(t.Context(), eupay.ReceivedListParams{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Data {
			if page.Data[i].InvoiceNumber == number {
				found = &page.Data[i]
			}
		}
		return found != nil
	})
	return found
}

// TestAnInvoiceOfASupplierIsReceivedAndAnswered goes the whole way: the platform, its webhook, the API, the merchant's webhook, and
// the answer back at the platform.
func TestAnInvoiceOfASupplierIsReceivedAndAnswered(t *testing.T) {
	t.Parallel()
	m, other := shared.mayInvoice(t), shared.mayInvoice(t)
	if a := m.portal.do(t, http.MethodPatch, "/webhook-endpoints/"+m.endpoint, `{"event_types":["invoice.received","invoice.answered"]}`); a.status != http.StatusOK {
		t.Fatal(string(a.raw))
	}
	id := m.receives(t, "F-2026-17").ID
	m.site.wait(t, "invoice.received", "", func(h hook) bool {
		return h.body.Event == "invoice.received" && strings.Contains(string(h.raw), id) && strings.Contains(string(h.raw), `"total_ttc":120`)
	})
	got, err := m.client.Received.Get(t.Context(), id)
	if err != nil || got.TotalTTC != 12000 || got.Seller.SIREN != "732829320" || len(got.Items) != 1 || !got.UnknownSender || got.Accounts[0].SeenBefore {
		t.Fatalf("%+v, %v", got, err)
	}
	if xml, err := m.client.Received.XML(t.Context(), id); err != nil || string(xml.Data) != supplied("F-2026-17") {
		t.Errorf("the XML is another: %v", err)
	}
	if pdf, err := m.client.Received.PDF(t.Context(), id); err != nil || !strings.HasPrefix(string(pdf.Data), "%PDF-") {
		t.Errorf("no page: %v", err)
	}
	if _, err := other.client.Received.Get(t.Context(), id); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant reads it: %v", err)
	}
	if _, err := other.client.Received.Answer(t.Context(), id, eupay.AnswerParams{Status: eupay.ReceivedApproved}); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant answers it: %v", err)
	}
	if _, err := m.client.Received.Answer(t.Context(), id, eupay.AnswerParams{Status: eupay.ReceivedRefused, ReasonCode: "CMD_ERR", Reason: "Not ordered."}); err != nil {
		t.Fatal(err)
	}
	m.site.wait(t, "invoice.answered", "", func(h hook) bool {
		return h.body.Event == "invoice.answered" && strings.Contains(string(h.raw), `"code":210`)
	})
	eventually(t, "the platform has the refusal", func() bool {
		got, err := m.client.Received.Get(t.Context(), id)
		return err == nil && got.Answers[0].State == "sent"
	})
	if _, err := m.client.Received.Answer(t.Context(), id, eupay.AnswerParams{Status: eupay.ReceivedApproved}); !errors.Is(err, eupay.ErrInvalidState) {
		t.Errorf("a refusal is not final: %v", err)
	}
}
