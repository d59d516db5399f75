package bank

import (
	"encoding/json"
	"slices"
)

// identity is a person or an organisation. Its sensitive half is returned only to callers with that permission.
type identity struct {
	IDUser      json.Number `json:"id_user,omitempty"`
	Kind        string      `json:"kind"`
	ExternalRef string      `json:"external_ref,omitempty"`
	OrgName     string      `json:"org_name,omitempty"`
	LegalStatus string      `json:"org_legal_status,omitempty"`
	sensitive
}

type sensitive struct {
	FirstName       string `json:"first_name,omitempty"`
	LastName        string `json:"last_name,omitempty"`
	BirthCity       string `json:"birth_city,omitempty"`
	BirthCountry    string `json:"birth_country,omitempty"`
	BirthDate       string `json:"birth_date,omitempty"`
	Nationality     string `json:"nationality,omitempty"`
	PostalAddress   string `json:"postal_address,omitempty"`
	Email           string `json:"email,omitempty"`
	Scheme          string `json:"scheme_name,omitempty"`
	Identification  string `json:"identification,omitempty"`
	Issuer          string `json:"issuer,omitempty"`
	UltimateOwner   string `json:"ultimate_owner_text,omitempty"`
	UltimateExtra   string `json:"ultimate_owner_extra_text,omitempty"`
	PEP             bool   `json:"pep,omitempty"`
	HQAddress       string `json:"org_hq_address,omitempty"`
	BusinessAddress string `json:"org_business_address,omitempty"`
}

var kinds = []string{"individual", "corporate", "non_profit", "government"}

// check applies the limits of the documentation. Where the documents contradict each other, it permits both.
func (i *identity) check(name string) error {
	if i == nil {
		return nil
	}
	if i.Kind == "" {
		i.Kind = "individual"
	}
	if !slices.Contains(kinds, i.Kind) {
		return invalid("%s.kind", name)
	}
	if i.Identification != "" && i.Scheme == "" {
		return missing("%s.scheme_name", name)
	}
	if over := i.tooLong(); over != "" {
		return invalid("%s.%s is too long", name, over)
	}
	return nil
}

// tooLong returns the name of a text that is longer than documented; empty if there is none.
func (i *identity) tooLong() string {
	for _, t := range []struct {
		name, text string
		most       int
	}{
		{"external_ref", i.ExternalRef, 255},
		{"first_name", i.FirstName, 255},
		{"last_name", i.LastName, 255},
		{"email", i.Email, 255},
		{"identification", i.Identification, 255},
		{"issuer", i.Issuer, 255},
		{"org_name", i.OrgName, 255},
		{"org_legal_status", i.LegalStatus, 128},
		{"postal_address", i.PostalAddress, 512},
		{"org_hq_address", i.HQAddress, 512},
		{"org_business_address", i.BusinessAddress, 512},
	} {
		if len([]rune(t.text)) > t.most {
			return t.name
		}
	}
	return ""
}

// checkComplete wants what is mandatory in an identity: the names of an individual, the registration of all others.
func (b *Bank) checkComplete(name string, i *identity) error {
	if i == nil || !b.cfg.RequireIdentities {
		return nil
	}
	switch {
	case i.Kind == "individual" && i.FirstName == "":
		return missing("%s.first_name", name)
	case i.Kind == "individual" && i.LastName == "":
		return missing("%s.last_name", name)
	case i.Kind != "individual" && i.Scheme == "":
		return missing("%s.scheme_name", name)
	case i.Kind != "individual" && i.Identification == "":
		return missing("%s.identification", name)
	}
	return nil
}

// stranger reports whether no real person is named: no identity, or the stand-in that clients send in tests.
func (i *identity) stranger() bool {
	return i == nil || i.FirstName == "Test" && i.LastName == "Payer"
}

// encode writes the identity, without its sensitive half unless that is requested.
func (i *identity) encode(withSensitive bool) []byte {
	if i == nil {
		return []byte("null")
	}
	shown := *i
	if !withSensitive {
		shown.sensitive = sensitive{}
	}
	text, err := json.Marshal(shown)
	if err != nil { // impossible: a struct of strings
		panic(err)
	}
	return text
}
