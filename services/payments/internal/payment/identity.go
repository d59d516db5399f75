package payment

import "strings"

// Identity is a person or a company as the provider wants to know it. The zero Identity: nobody said who it is. It is
// personal data: it goes to the provider, and into no event and no log.
type Identity struct {
	// Kind is Corporate or Individual.
	Kind      string `json:"kind,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	// Company is the registered name, LegalStatus its form. SIREN or EUID is its number.
	Company     string `json:"company,omitempty"`
	LegalStatus string `json:"legal_status,omitempty"`
	SIREN       string `json:"siren,omitempty"`
	EUID        string `json:"euid,omitempty"`
	Email       string `json:"email,omitempty"`
	// Address has its lines separated by line feeds.
	Address string `json:"address,omitempty"`
	// BirthDate is YYYY-MM-DD, BirthCountry ISO 3166-1 alpha-2.
	BirthDate    string `json:"birth_date,omitempty"`
	BirthCity    string `json:"birth_city,omitempty"`
	BirthCountry string `json:"birth_country,omitempty"`
}

// Known reports whether anybody said who it is.
func (i Identity) Known() bool { return i != Identity{} }

// Name is that of the person or company, as an account's holder is called.
func (i Identity) Name() string {
	if i.Kind == Corporate {
		return i.Company
	}
	return strings.TrimSpace(i.FirstName + " " + i.LastName)
}

// Named is what a refund must still know of a payer when the payment has ended: name and number.
func (i Identity) Named() Identity {
	return Identity{
		Kind: i.Kind, FirstName: i.FirstName, LastName: i.LastName, Company: i.Company, LegalStatus: i.LegalStatus, SIREN: i.SIREN, EUID: i.EUID,
	}
}

// UnknownHolder is the name of an account whose holder nobody told: it says nothing false where the provider and its bank
// want a name.
const UnknownHolder = "Account holder"

// PaidBy is the party that a refund goes to: the account that paid, and whom the merchant's customer or the bank named as its
// holder.
func PaidBy(p Payment) Party {
	to := p.Payer
	to.Kind = Individual
	if to.Identity.Known() {
		to.Name, to.Kind = to.Identity.Name(), to.Identity.Kind
		to.Legal, to.SIREN = to.Identity.LegalStatus, to.Identity.SIREN
	}
	if to.Name == "" {
		to.Name = UnknownHolder
	}
	return to
}

// IdentityFailure is the failure of a payment that the provider refused for an identity: field is "payer_identity" or
// "beneficiary_identity", e.g. "payer_identity_required".
func IdentityFailure(field string, missing bool) string {
	if missing {
		return field + "_required"
	}
	return field + "_invalid"
}
