package commands

import (
	"cmp"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// beneficiary returns the merchant as account holder and company.
func beneficiary(m *paymentsv1.Merchant) payment.Party {
	return payment.Party{
		Name: cmp.Or(m.GetAccountName(), m.GetName()), IBAN: m.GetIban(), BIC: m.GetBic(),
		Kind: payment.Corporate, Legal: m.GetLegalStatus(), SIREN: m.GetSiren(),
		Identity: payment.Identity{
			Kind: payment.Corporate, Company: cmp.Or(m.GetLegalName(), m.GetName()), LegalStatus: m.GetLegalStatus(), SIREN: m.GetSiren(),
			Address: m.GetAddress(),
		},
	}
}

// identityOf returns the identity of the customer that the merchant named, or the zero Identity.
func identityOf(c *paymentsv1.Customer) payment.Identity {
	if c == nil {
		return payment.Identity{}
	}
	i := payment.Identity{
		Kind: payment.Individual, FirstName: c.GetFirstName(), LastName: c.GetLastName(), Email: c.GetEmail(), Address: c.GetAddress(),
		BirthDate: c.GetBirthDate(), BirthCity: c.GetBirthCity(), BirthCountry: c.GetBirthCountry(),
	}
	if c.GetCompany() != "" {
		i = payment.Identity{
			Kind: payment.Corporate, Company: c.GetCompany(), SIREN: c.GetSiren(), EUID: c.GetEuid(), Email: c.GetEmail(), Address: c.GetAddress(),
		}
	}
	return i
}
