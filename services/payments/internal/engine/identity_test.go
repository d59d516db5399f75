package engine

import (
	"testing"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

var (
	theShop = payment.Party{
		Name: "Café Noisette SAS", IBAN: "FR1420041010050500013M02606", Kind: payment.Corporate, Legal: "SAS", SIREN: "732829320",
		Identity: payment.Identity{Kind: payment.Corporate, Company: "Noisette Restauration", LegalStatus: "SAS", SIREN: "732829320", Address: "1 RUE X\n75001 PARIS"},
	}
	shopAtProvider = powens.Identity{Kind: "corporate", OrgName: "Noisette Restauration", LegalStatus: "SAS", SIREN: "732829320", Address: "1 RUE X\n75001 PARIS"}
	germaine       = payment.Identity{
		Kind: payment.Individual, FirstName: "Germaine", LastName: "Michu", Email: "g@example.com", Address: "3 Bd X\n95220 HERBLAY\nFR",
		BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
	}
	germaineAtProvider = powens.Identity{
		Kind: "individual", FirstName: "Germaine", LastName: "Michu", Email: "g@example.com", Address: "3 Bd X\n95220 HERBLAY\nFR",
		BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
	}
)

func TestALivePaymentNamesWhoPaysAndWhoIsPaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payer payment.Identity
		want  *powens.Identity
	}{
		"a person": {germaine, &germaineAtProvider},
		"a company": {
			payment.Identity{Kind: payment.Corporate, Company: "ACME GmbH", EUID: "DEK1101R.HRB116737"},
			&powens.Identity{Kind: "corporate", OrgName: "ACME GmbH", EUID: "DEK1101R.HRB116737"},
		},
		"nobody knows": {payment.Identity{}, nil}, // the reference calls it optional, and nobody is invented
	} {
		r := createRequest(payment.Payment{Kind: payment.KindPayment, Livemode: true, Reference: reference, Beneficiary: theShop, Payer: payment.Party{Identity: c.payer}})
		if r.BeneficiaryIdentity != shopAtProvider || r.Beneficiary.Label != "Cafe Noisette SAS" || r.Payer != nil {
			t.Errorf("%s: beneficiary %+v %+v, payer %+v", name, r.Beneficiary, r.BeneficiaryIdentity, r.Payer)
		}
		if (r.PayerIdentity == nil) != (c.want == nil) || c.want != nil && *r.PayerIdentity != *c.want {
			t.Errorf("%s: payer %+v", name, r.PayerIdentity)
		}
	}
}

// A merchant was described as the individual "Demo" "Store", its customer as "Current" "account".
func TestARefundNamesTheCompanyAndWhoPaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paid  payment.Party
		label string
		want  powens.Identity
	}{
		"the customer":            {payment.Party{Identity: germaine.NameOnly()}, "Germaine Michu", powens.Identity{Kind: "individual", FirstName: "Germaine", LastName: "Michu"}},
		"the holder, by its bank": {payment.Party{Name: "Jörg Müller-Groß"}, "Jorg Muller-Gross", powens.Identity{Kind: "individual", FirstName: "Jörg", LastName: "Müller-Groß"}},
		"a holder of one word":    {payment.Party{Name: "MICHU"}, "MICHU", powens.Identity{Kind: "individual", FirstName: "-", LastName: "MICHU"}},
		"nobody said":             {payment.Party{}, "Account holder", powens.Identity{Kind: "individual", FirstName: "Account", LastName: "holder"}},
		"a name without a letter": {payment.Party{Name: "咖啡"}, "Account holder", powens.Identity{Kind: "individual", FirstName: "-", LastName: "咖啡"}},
	} {
		for _, live := range []bool{false, true} {
			r := createRequest(payment.Payment{
				Kind: payment.KindRefund, Livemode: live, Reference: "REF-20260617-0B25921FB72918ED", Payer: theShop,
				Beneficiary: payment.PaidBy(payment.Payment{Payer: c.paid}),
			})
			if r.Payer == nil || r.Payer.Label != "Cafe Noisette SAS" || r.PayerIdentity == nil || *r.PayerIdentity != shopAtProvider {
				t.Errorf("%s: the merchant is %+v %+v", name, r.Payer, r.PayerIdentity)
			}
			if r.Beneficiary.Label != c.label || r.BeneficiaryIdentity != c.want {
				t.Errorf("%s: paid to %q %+v", name, r.Beneficiary.Label, r.BeneficiaryIdentity)
			}
		}
	}
}

func TestATestPaymentIsCompleteWithoutRealPeople(t *testing.T) {
	t.Parallel()
	bare := payment.Party{Name: "Shop", IBAN: theShop.IBAN, Kind: payment.Corporate}
	r := createRequest(payment.Payment{Kind: payment.KindPayment, Reference: reference, Beneficiary: bare})
	if r.PayerIdentity == nil || *r.PayerIdentity != testPayer || r.BeneficiaryIdentity != (powens.Identity{Kind: "corporate", OrgName: "Shop", SIREN: "012345678"}) {
		t.Errorf("payer %+v, beneficiary %+v", r.PayerIdentity, r.BeneficiaryIdentity)
	}
	r = createRequest(payment.Payment{Kind: payment.KindPayment, Livemode: true, Reference: reference, Beneficiary: bare})
	if r.PayerIdentity != nil || r.BeneficiaryIdentity.SIREN != "" {
		t.Errorf("invented in live mode: payer %+v, beneficiary %+v", r.PayerIdentity, r.BeneficiaryIdentity)
	}
}

func TestARefusalForAnIdentitySaysWhich(t *testing.T) {
	for failure, e := range map[string]powens.Error{
		"payer_identity_required":       {Status: 400, Code: "missingParameter", Description: "payer_identity is missing"},
		"payer_identity_invalid":        {Status: 400, Code: "invalidValue", Description: "payer_identity.kind"},
		"beneficiary_identity_required": {Status: 400, Code: "missingparameter", Description: "instructions[0].beneficiary_identity.scheme_name"},
		"beneficiary_identity_invalid":  {Status: 400, Code: "invalidValue", Description: "Beneficiary_Identity"},
		"invalid_value":                 {Status: 400, Code: "invalidValue", Description: "instructions[0].amount"},
	} {
		t.Run(failure, func(t *testing.T) {
			b := setup(t)
			b.bank.onCreate = func(func() powens.Payment) (powens.Payment, error) { return powens.Payment{}, &e }
			b.want(b.Request(t.Context(), b.recorded()), payment.Failed, payment.DetailRefused, failure)
		})
	}
}
