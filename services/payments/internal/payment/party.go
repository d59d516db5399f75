package payment

import (
	"cmp"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Beneficiary returns the merchant as account holder and company.
func Beneficiary(m *paymentsv1.Merchant) Party {
	return Party{
		Name: cmp.Or(m.GetAccountName(), m.GetName()), IBAN: m.GetIban(), BIC: m.GetBic(),
		Kind: Corporate, Legal: m.GetLegalStatus(), SIREN: m.GetSiren(),
		Identity: Identity{
			Kind: Corporate, Company: cmp.Or(m.GetLegalName(), m.GetName()), LegalStatus: m.GetLegalStatus(), SIREN: m.GetSiren(),
			Address: m.GetAddress(),
		},
	}
}

// IdentityOf returns the identity of the customer that the merchant named, or the zero Identity.
func IdentityOf(c *paymentsv1.Customer) Identity {
	if c == nil {
		return Identity{}
	}
	i := Identity{
		Kind: Individual, FirstName: c.GetFirstName(), LastName: c.GetLastName(), Email: c.GetEmail(), Address: c.GetAddress(),
		BirthDate: c.GetBirthDate(), BirthCity: c.GetBirthCity(), BirthCountry: c.GetBirthCountry(),
	}
	if c.GetCompany() != "" {
		i = Identity{
			Kind: Corporate, Company: c.GetCompany(), SIREN: c.GetSiren(), EUID: c.GetEuid(), Email: c.GetEmail(), Address: c.GetAddress(),
		}
	}
	return i
}
