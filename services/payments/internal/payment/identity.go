package payment

import "strings"

// Identity is a person or a company as the provider requires it. The zero Identity means that nobody was named. It is personal
// data: it is sent to the provider, and never put into an event or a log.
type Identity struct {
	// Kind is Corporate or Individual.
	Kind      string `json:"kind,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	// Company is the registered name, LegalStatus its legal form. SIREN or EUID is its registration number.
	Company     string `json:"company,omitempty"`
	LegalStatus string `json:"legal_status,omitempty"`
	SIREN       string `json:"siren,omitempty"`
	EUID        string `json:"euid,omitempty"`
	Email       string `json:"email,omitempty"`
	// Address is the postal address; its lines are separated by line feeds.
	Address string `json:"address,omitempty"`
	// BirthDate is YYYY-MM-DD, BirthCountry ISO 3166-1 alpha-2.
	BirthDate    string `json:"birth_date,omitempty"`
	BirthCity    string `json:"birth_city,omitempty"`
	BirthCountry string `json:"birth_country,omitempty"`
}

// Known reports whether the party was named.
func (i Identity) Known() bool { return i != Identity{} }

// Name is the person's or company's name as an account holder.
func (i Identity) Name() string {
	if i.Kind == Corporate {
		return i.Company
	}
	return strings.TrimSpace(i.FirstName + " " + i.LastName)
}

// NameOnly returns the parts that a refund needs after the payment has ended: name and registration number.
func (i Identity) NameOnly() Identity {
	return Identity{
		Kind: i.Kind, FirstName: i.FirstName, LastName: i.LastName, Company: i.Company, LegalStatus: i.LegalStatus, SIREN: i.SIREN, EUID: i.EUID,
	}
}

// UnknownHolder stands for an unknown account holder, because the provider and its bank require a name.
const UnknownHolder = "Account holder"

// PaidBy returns the party that a refund goes to: the account that paid, with the holder's name from the merchant or the bank.
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

// IdentityFailure returns the failure of a payment that the provider refused because of an identity. field is "payer_identity" or
// "beneficiary_identity"; an example is "payer_identity_required".
func IdentityFailure(field string, missing bool) string {
	if missing {
		return field + "_required"
	}
	return field + "_invalid"
}
