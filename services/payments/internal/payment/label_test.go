package payment

import (
	"strings"
	"testing"
)

func TestTheMerchantFindsTheTransferOnItsStatement(t *testing.T) {
	const ours, code = "PAY-20260617-0B25921FB72918ED", "0197f1c2-7d3e-7b7a-9a51-2f1c0e5b8d11"
	long := strings.Repeat("abcde ", 40)
	for _, c := range []struct {
		p    Payment
		want string
	}{
		{Payment{Description: "Order 1042", MerchantReference: "ORDER-1042"}, "Order 1042 - ORDER-1042"},
		{Payment{Description: "Café Noël à Évry"}, "Cafe Noel a Evry - 0B25921FB72918ED"},
		{Payment{Description: "Bestellung Groß", MerchantReference: "GROSS_17"}, "Bestellung Gross - 0B25921FB72918ED"}, // the bank has no _
		{Payment{Description: "x", MerchantReference: strings.Repeat("R", 41)}, "x - 0B25921FB72918ED"},
		{Payment{Description: "Παραγγελία 5", MerchantReference: "5"}, "Paraggelia 5 - 5"},
		{Payment{Description: "☕", MerchantReference: "ORDER-1042"}, "ORDER-1042"},
		{Payment{Description: ""}, "0B25921FB72918ED"},
		{Payment{Description: "pdng/done - Test"}, "pdng/done - Test - 0B25921FB72918ED"},
		{Payment{Description: long, MerchantReference: "ORDER-1042"}, strings.TrimSpace(long[:120]) + "... - ORDER-1042"},
		{Payment{Kind: KindRefund, Description: "Refund " + ours, MerchantReference: "ORDER-1042"}, "Refund " + ours + " - ORDER-1042"},
		{Payment{Kind: KindMandate, Description: "Gym", MerchantReference: "MEMBER-7"}, "Gym - MEMBER-7 0B25921FB72918ED"},
		{Payment{Origin: OriginQR, Description: "Till 2", CodeRequest: code}, "Till 2 - " + code + " 0B25921FB72918ED"},
		{Payment{Origin: OriginScan, Description: "Order", CodeRequest: code, GatewayReference: "PAY-20260617-AAAAAAAAAAAAAAAA"}, "Order - AAAAAAAAAAAAAAAA"},
	} {
		c.p.Reference = ours
		if got := BankLabel(c.p); got != c.want || len(got) > 140 {
			t.Errorf("%+v\ngot  %q\nwant %q", c.p, got, c.want)
		}
	}
}

func TestARefundGoesToThePayer(t *testing.T) {
	account := Party{IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP"}
	with := func(name string, i Identity) Party {
		p := account
		p.Name, p.Identity = name, i
		return p
	}
	person, company := Identity{Kind: Individual, FirstName: "Germaine", LastName: "Michu"}, Identity{Kind: Corporate, Company: "ACME", SIREN: "732829320"}
	for _, c := range []struct {
		payer      Party
		name, kind string
	}{
		{with("M MICHU", person), "Germaine Michu", Individual},
		{with("ACME SARL", company), "ACME", Corporate},
		{with("Germaine Michu", Identity{}), "Germaine Michu", Individual},
		{with("", Identity{}), "Account holder", Individual},
	} {
		got := PaidBy(Payment{Payer: c.payer})
		if got.Name != c.name || got.Kind != c.kind || got.IBAN != account.IBAN || got.BIC != account.BIC || got.Identity != c.payer.Identity {
			t.Errorf("%+v is paid back as %+v", c.payer, got)
		}
	}
}
