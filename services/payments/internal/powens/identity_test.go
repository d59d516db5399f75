package powens

import (
	"strings"
	"testing"
)

func TestAnIdentityIsSentWithAllThatIsKnown(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(200, created)}
	c := connect(t, p)
	r := order()
	r.PayerIdentity = &Identity{
		Kind: Individual, FirstName: "Germaine", LastName: "Michu", Email: "g@example.com", Address: "3 Bd X\n95220 HERBLAY\nFR",
		BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
	}
	r.BeneficiaryIdentity = Identity{Kind: Corporate, OrgName: "ACME GmbH", LegalStatus: "GmbH", EUID: "DEK1101R.HRB116737", Address: "Weg 1"}
	if _, err := c.CreatePayment(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"payer_identity":{"kind":"individual","first_name":"Germaine","last_name":"Michu","birth_date":"1963-01-01","birth_city":"Paris",` +
			`"birth_country":"FR","postal_address":"3 Bd X\n95220 HERBLAY\nFR","email":"g@example.com"}`,
		`"beneficiary_identity":{"kind":"corporate","org_name":"ACME GmbH","org_legal_status":"GmbH","scheme_name":"euid",` +
			`"identification":"DEK1101R.HRB116737","org_hq_address":"Weg 1"}`,
	} {
		if !strings.Contains(p.bodies[0], want) {
			t.Errorf("sent\n%s\nwant\n%s", p.bodies[0], want)
		}
	}
}

func TestErrorsContainNoPersonalNames(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(400, `{"code":"invalidValue","description":"payer_identity.last_name: Michu, born in Paris, is not Germaine"}`)}
	c := connect(t, p)
	r := order()
	r.PayerIdentity = &Identity{Kind: Individual, FirstName: "Germaine", LastName: "Michu", BirthCity: "Paris", Email: "payer"}
	_, err := c.CreatePayment(t.Context(), r)
	if err == nil || strings.Contains(err.Error(), "Michu") || strings.Contains(err.Error(), "Paris") || strings.Contains(err.Error(), "Germaine") {
		t.Errorf("got %v", err)
	}
	if field, missing := RefusedIdentity(err); field != "payer_identity" || missing {
		t.Errorf("it was about %q, missing %v", field, missing)
	}
}
