package commands

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

var company = &paymentsv1.Merchant{
	Id: shop.GetId(), Name: "Café Noisette", Iban: shop.GetIban(), LegalStatus: "SAS", Siren: "732829320",
	Version: 2, AccountName: "Noisette", LegalName: "Noisette Restauration", Address: "1 RUE X\n75001 PARIS",
}

func TestTheCustomerIsKeptForTheProviderAndForRefunds(t *testing.T) {
	b := setup(t)
	b.hears(&eventsv1.MerchantChanged{Profile: company, GatewayEnabled: true})
	c := order(1)
	c.Merchant = company
	c.Customer = &paymentsv1.Customer{
		FirstName: "Germaine", LastName: "Michu", Email: "germaine@example.com", Address: "3 Bd X\n95220 HERBLAY\nFR",
		BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
	}
	p := last(b.send(command.CreatePayment, c)).GetPayment()
	stored, err := b.store.ByReference(t.Context(), p.GetReference())
	if err != nil {
		t.Fatal(err)
	}
	want := payment.Identity{
		Kind: payment.Individual, FirstName: "Germaine", LastName: "Michu", Email: "germaine@example.com", Address: "3 Bd X\n95220 HERBLAY\nFR",
		BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
	}
	asCompany := payment.Identity{
		Kind: payment.Corporate, Company: "Noisette Restauration", LegalStatus: "SAS", SIREN: "732829320", Address: "1 RUE X\n75001 PARIS",
	}
	if stored.Payer.Identity != want || stored.Beneficiary.Identity != asCompany || stored.Beneficiary.Name != "Noisette" || stored.MerchantName != "Café Noisette" {
		t.Errorf("stored payer %+v, beneficiary %+v", stored.Payer, stored.Beneficiary)
	}
	b.finish(p.GetReference())
	stored, err = b.store.ByReference(t.Context(), p.GetReference())
	if err != nil || stored.Payer.Identity != want.NameOnly() {
		t.Errorf("after the payment %+v is kept, %v", stored.Payer.Identity, err)
	}
	r := last(b.send(command.RefundPayment, &paymentsv1.RefundPayment{
		Reference: "REF-20260617-0000000000000009", OriginalReference: p.GetReference(), MerchantId: company.GetId(),
	}))
	if r.GetErrorCode() != "" {
		t.Fatalf("refund: %v", r)
	}
	refund, err := b.store.ByReference(t.Context(), r.GetPayment().GetReference())
	if err != nil || refund.Payer.Identity != asCompany || refund.Payer.Name != "Noisette" || refund.Beneficiary.Identity != want.NameOnly() ||
		refund.Beneficiary.Name != "Germaine Michu" {
		t.Errorf("refund from %+v to %+v, %v", refund.Payer, refund.Beneficiary, err)
	}
}

func TestNoEventAndNoReplyHasPersonalData(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.Customer = &paymentsv1.Customer{Company: "ACME Corp.", Siren: "732829320", Email: "acme@example.com"}
	for _, r := range b.send(command.CreatePayment, c) {
		text, err := proto.Marshal(r)
		if err != nil || strings.Contains(string(text), "ACME") || strings.Contains(string(text), "acme@") {
			t.Errorf("reply %v, %v", r, err)
		}
	}
	stored, err := b.store.ByReference(t.Context(), c.GetReference())
	if err != nil || stored.Payer.Identity != (payment.Identity{Kind: payment.Corporate, Company: "ACME Corp.", SIREN: "732829320", Email: "acme@example.com"}) {
		t.Errorf("stored %+v, %v", stored.Payer.Identity, err)
	}
	text, err := proto.Marshal(stored.Proto()) // what events hold
	if err != nil || strings.Contains(string(text), "ACME") || strings.Contains(string(text), "acme@") {
		t.Errorf("event %v, %v", stored.Proto(), err)
	}
}

func TestAScannedCodeLeavesItsLabelAndRequestID(t *testing.T) {
	b := setup(t)
	c := scanOf(1, "")
	c.Description, c.Label = "Till 2", "Till 2"
	p := last(b.send(command.ScanPay, c)).GetPayment()
	if p.GetDescription() != "Till 2" || string(p.GetMetadataJson()) != `{"qr":{"request_id":"code-1","label":"Till 2"}}` {
		t.Errorf("transaction %v", p)
	}
	stored, err := b.store.ByReference(t.Context(), p.GetReference())
	if label := payment.BankLabel(stored); err != nil || label != "Till 2 - code-1 "+p.GetReference()[13:] {
		t.Errorf("the bank shows %q, %v", label, err)
	}
	if stored.Payer.Name != "" { // the bank's word for the account is nobody's name
		t.Errorf("the payer is called %q", stored.Payer.Name)
	}
	g := order(2)
	g.MerchantReference, g.Description = "ORDER-1042", "Coffee"
	gateway := last(b.send(command.CreatePayment, g)).GetPayment()
	s := last(b.send(command.ScanPay, scanOf(3, gateway.GetReference()))).GetPayment()
	stored, err = b.store.ByReference(t.Context(), s.GetReference())
	if label := payment.BankLabel(stored); err != nil || label != "Coffee - ORDER-1042" ||
		stored.Metadata != `{"qr":{"gateway_reference":"`+gateway.GetReference()+`","request_id":"code-1"}}` {
		t.Errorf("the bank shows %q, metadata %s, %v", label, stored.Metadata, err)
	}
}
