package bank

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
)

// TestConnector is the UUID of Powens' own test connector.
const TestConnector = "338178e6-3d01-564f-9a7b-52ca442459bf"

// The fictional banks.
const (
	// Nowhere supports everything.
	Nowhere = "5a0d0b01-0001-5b0c-8000-000000000001"
	// Shrug never reports an execution: payments that it accepts end as accepted.
	Shrug = "5a0d0b01-0002-5b0c-8000-000000000002"
	// NoWayBack cannot cancel.
	NoWayBack = "5a0d0b01-0003-5b0c-8000-000000000003"
	// AskTwice cancels only if the payer approves.
	AskTwice = "5a0d0b01-0004-5b0c-8000-000000000004"
	// Snail has no instant payments.
	Snail = "5a0d0b01-0005-5b0c-8000-000000000005"
)

// How a bank cancels.
type cancelling string

const (
	cancelsAtOnce    cancelling = "at once"
	cancelsWithPayer cancelling = "with the payer"
	cancelsNever     cancelling = "never"
)

type connector struct {
	ID               int64
	UUID, Name, Slug string
	Hint             string // for the page on which the payer chooses
	BIC, bankCode    string
	Kinds, Partial   []string // execution date types; those that can end in accepted
	Frequencies      []string // of periodic payments; nil: all
	MaxInstructions  int
	Countries        []string // besides FR
	Cancelling       cancelling
}

// periodic is the execution date type of a schedule.
const periodic = "periodic"

var allKinds = []string{"first_open_day", "instant", "deferred", periodic}

var connectors = []*connector{
	{
		ID: 40, UUID: Nowhere, Name: "Bank of Nowhere (Sandbox)", Slug: "nowhere", Hint: "Supports everything", BIC: "SBNWFRP1XXX",
		bankCode: "99990", Countries: []string{"BE", "DE"}, Kinds: allKinds, MaxInstructions: 100, Cancelling: cancelsAtOnce,
	},
	{
		ID: 41, UUID: Shrug, Name: "Crédit Imaginaire du Shrug (Sandbox)", Slug: "shrug", Hint: "Takes the order and never reports again",
		BIC: "SBSHFRP1XXX", bankCode: "99991", Kinds: allKinds, Partial: allKinds, MaxInstructions: 10, Cancelling: cancelsAtOnce,
	},
	{
		ID: 42, UUID: NoWayBack, Name: "No Way Back Bank (Sandbox)", Slug: "no-way-back", Hint: "Cannot cancel a payment, and repeats it in months, quarters and years alone",
		BIC: "SBNBFRP1XXX", bankCode: "99992", Kinds: allKinds, Frequencies: []string{"monthly", "quarterly", "yearly"}, MaxInstructions: 10, Cancelling: cancelsNever,
	},
	{
		ID: 43, UUID: AskTwice, Name: "Ask Me Twice Bank (Sandbox)", Slug: "ask-twice", Hint: "Asks you before it cancels",
		BIC: "SBATFRP1XXX", bankCode: "99993", Kinds: allKinds, MaxInstructions: 10, Cancelling: cancelsWithPayer,
	},
	{
		ID: 44, UUID: Snail, Name: "Snail Savings (Sandbox)", Slug: "snail", Hint: "No instant payments", BIC: "SBSNFRP1XXX",
		bankCode: "99994", Kinds: []string{"first_open_day", "deferred"}, MaxInstructions: 1, Cancelling: cancelsAtOnce,
	},
	{
		ID: 59, UUID: TestConnector, Name: "Connecteur de test", Slug: "exa", Hint: "The provider's own test bank", BIC: "SBEXFRP1XXX",
		bankCode: "99995", Kinds: allKinds, MaxInstructions: 10, Cancelling: cancelsAtOnce,
	},
}

func connectorByUUID(uuid string) *connector {
	for _, c := range connectors {
		if c.UUID == uuid {
			return c
		}
	}
	return nil
}

func connectorBySlug(slug string) *connector {
	for _, c := range connectors {
		if c.Slug == slug {
			return c
		}
	}
	return nil
}

func connectorOfIBAN(number string) *connector {
	for _, c := range connectors {
		if len(number) == 27 && number[:2] == "FR" && number[4:9] == c.bankCode {
			return c
		}
	}
	return nil
}

// takes reports whether the bank can execute this payment.
func (c *connector) takes(r *record) bool {
	return len(r.Instructions) <= c.MaxInstructions && !slices.ContainsFunc(r.Instructions, func(i instruction) bool {
		return !slices.Contains(c.Kinds, i.Kind) || i.Kind == periodic && !slices.Contains(c.repeats(), i.Frequency)
	})
}

// repeats returns the frequencies of the bank's periodic payments.
func (c *connector) repeats() []string {
	switch {
	case !slices.Contains(c.Kinds, periodic):
		return []string{}
	case c.Frequencies != nil:
		return c.Frequencies
	default:
		return frequencies
	}
}

// holder is the name on every account of a fictional bank, for banks that provide the payer's label.
const holder = "Sandbox Payer"

// accountChoice is one of the accounts of every customer of a fictional bank.
type accountChoice struct {
	Slug, Label, Balance string
	account              account
	empty                bool
}

func (c *connector) accounts() []accountChoice {
	choice := func(slug, label, balance, number string) accountChoice {
		a := account{Scheme: schemeIBAN, Identification: iban.Make("FR", c.bankCode+"00001"+number), Label: holder, Issuer: c.BIC}
		return accountChoice{Slug: slug, Label: label, Balance: balance, account: a, empty: slug == "empty"}
	}
	return []accountChoice{
		choice("main", "Current account", "12,345.67 EUR", "0000000104242"),
		choice("joint", "Joint account", "2,500.00 EUR", "0000000204242"),
		choice("empty", "Empty account", "0.00 EUR", "0000000304242"),
	}
}

func (c *connector) account(slug string) (accountChoice, bool) {
	for _, a := range c.accounts() {
		if a.Slug == slug {
			return a, true
		}
	}
	return accountChoice{}, false
}

// encode returns the connector as in GET /connectors.
func (c *connector) encode() map[string]any {
	return map[string]any{
		"id": c.ID, "uuid": c.UUID, "name": c.Name, "slug": strings.ToUpper(c.Slug), "code": c.bankCode, "hidden": false,
		"charged": true, "beta": false, "color": "5b6770", "months_to_fetch": nil, "auth_mechanism": "webauth",
		"available_auth_mechanisms": []string{"webauth"}, "transfer_mechanism": "webauth", "siret": "00000000000000",
		"restricted": false, "capabilities": []string{"bank", "pay"}, "account_usages": []string{"PRIV", "ORGA"},
		"products": []string{"bank", "pay"}, "stability": map[string]any{"status": "stable", "last_update": nil},
		"payment_settings": c.settings(),
	}
}

func (c *connector) settings() map[string]any {
	least := map[string]string{}
	for _, kind := range c.Kinds {
		least[kind] = "0.01"
	}
	return map[string]any{
		"available_validate_mechanisms":                          []string{"webauth"},
		"beneficiary_types":                                      []string{schemeIBAN},
		"execution_date_types":                                   c.Kinds,
		"execution_frequencies":                                  c.repeats(),
		"maximum_number_of_instructions":                         c.MaxInstructions,
		"providing_payer_account":                                "optional",
		"partial_status_tracking":                                append([]string{}, c.Partial...),
		"is_app_to_app_used":                                     map[string]any{"android": nil, "ios": nil},
		"bank_provides_payer_account":                            true,
		"bank_provides_payer_label":                              true,
		"cancellation_available":                                 c.Cancelling != cancelsNever,
		"minimum_amount":                                         least,
		"maximum_amount":                                         nil,
		"minimum_date_delta_days":                                0,
		"maximum_date_delta_days":                                nil,
		"transfer_date_types_where_trusted_beneficiary_required": []string{},
	}
}

// neverReports reports whether the bank leaves payments of this kind at accepted.
func (c *connector) neverReports(kind string) bool { return slices.Contains(c.Partial, kind) }
