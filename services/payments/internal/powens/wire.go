package powens

import (
	"encoding/json"
	"errors"

	"european-pay.eu/eupay/internal/money"
)

type wireTokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Scope        string `json:"scope"`
}

type wireCancel struct {
	Cancel      bool   `json:"cancel"`
	RedirectURI string `json:"client_redirect_uri"`
	State       string `json:"client_state,omitempty"`
}

type wireCreate struct {
	RedirectURI   string             `json:"client_redirect_uri"`
	State         string             `json:"client_state,omitempty"`
	Instructions  [1]wireInstruction `json:"instructions"`
	Payer         *wireAccount       `json:"payer,omitempty"`
	PayerIdentity *wireIdentity      `json:"payer_identity,omitempty"`
	Bank          string             `json:"connector_uuid,omitempty"`
}

type wireInstruction struct {
	ReferenceID         string        `json:"reference_id"`
	Label               string        `json:"label"`
	Amount              wireAmount    `json:"amount"`
	Currency            string        `json:"currency"`
	ExecutionType       string        `json:"execution_date_type"`
	ExecutionDate       string        `json:"execution_date,omitempty"`
	Frequency           string        `json:"frequency,omitempty"`
	StartDate           string        `json:"start_date,omitempty"`
	EndDate             string        `json:"end_date,omitempty"`
	Beneficiary         *wireAccount  `json:"beneficiary"`
	BeneficiaryIdentity *wireIdentity `json:"beneficiary_identity,omitempty"`
}

type wireAccount struct {
	SchemeName     string `json:"scheme_name"`
	Identification string `json:"identification"`
	Issuer         string `json:"issuer,omitempty"`
	Label          string `json:"label"`
}

type wireIdentity struct {
	Kind           string `json:"kind"`
	OrgName        string `json:"org_name,omitempty"`
	LegalStatus    string `json:"org_legal_status,omitempty"`
	SchemeName     string `json:"scheme_name,omitempty"`
	Identification string `json:"identification,omitempty"`
	FirstName      string `json:"first_name,omitempty"`
	LastName       string `json:"last_name,omitempty"`
	BirthDate      string `json:"birth_date,omitempty"`
	BirthCity      string `json:"birth_city,omitempty"`
	BirthCountry   string `json:"birth_country,omitempty"`
	PostalAddress  string `json:"postal_address,omitempty"`
	Email          string `json:"email,omitempty"`
	HQAddress      string `json:"org_hq_address,omitempty"`
}

// wireAmount is a JSON number with two decimals.
type wireAmount money.Cents

func (a wireAmount) MarshalJSON() ([]byte, error) { return []byte(money.Cents(a).String()), nil }

// The limits of a reference (SEPA end-to-end id) and of the client state.
const (
	maxReference = 31
	maxState     = 2000
)

func (c *Client) encodeCreate(req CreateRequest) ([]byte, error) {
	switch {
	case req.Amount <= 0:
		return nil, errors.New("amount is not positive")
	case req.ReferenceID == "" || len(req.ReferenceID) > maxReference:
		return nil, errors.New("reference is empty or too long")
	case len(req.State) > maxState:
		return nil, errors.New("client state is too long")
	case req.Beneficiary.IBAN == "":
		return nil, errors.New("beneficiary has no account")
	}
	return json.Marshal(wireCreate{
		RedirectURI: c.cfg.RedirectURI, State: req.State,
		Instructions: [1]wireInstruction{{
			ReferenceID: req.ReferenceID, Label: req.Label, Amount: wireAmount(req.Amount), Currency: req.Currency,
			ExecutionType: req.ExecutionType, ExecutionDate: req.ExecutionDate,
			Frequency: req.Schedule.Frequency, StartDate: req.Schedule.Start, EndDate: req.Schedule.End,
			Beneficiary: encodeAccount(&req.Beneficiary), BeneficiaryIdentity: encodeIdentity(&req.BeneficiaryIdentity),
		}},
		Payer: encodeAccount(req.Payer), PayerIdentity: encodeIdentity(req.PayerIdentity), Bank: req.BankID,
	})
}

func encodeAccount(a *Account) *wireAccount {
	if a == nil {
		return nil
	}
	return &wireAccount{SchemeName: "iban", Identification: a.IBAN, Issuer: a.BIC, Label: a.Label}
}

func encodeIdentity(i *Identity) *wireIdentity {
	if i == nil || *i == (Identity{}) {
		return nil
	}
	if i.Kind == Individual || i.Kind == "" && i.OrgName == "" && i.SIREN == "" {
		return &wireIdentity{
			Kind: Individual, FirstName: i.FirstName, LastName: i.LastName, BirthDate: i.BirthDate, BirthCity: i.BirthCity,
			BirthCountry: i.BirthCountry, PostalAddress: i.Address, Email: i.Email,
		}
	}
	w := &wireIdentity{Kind: i.Kind, OrgName: i.OrgName, LegalStatus: i.LegalStatus, HQAddress: i.Address, Email: i.Email}
	if w.Kind == "" {
		w.Kind = Corporate
	}
	switch {
	case i.SIREN != "":
		w.SchemeName, w.Identification = "siren", i.SIREN
	case i.EUID != "":
		w.SchemeName, w.Identification = "euid", i.EUID
	}
	return w
}
