package powens

import (
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// State is a payment's state at the provider. The set is open: an unlisted state is kept unchanged, and Known is false for it.
type State string

// The states in the provider's documentation. Done, Accepted, Rejected, Expired and Partial are final.
const (
	Created    State = "created"    // registered, not validated yet
	Validating State = "validating" // the payer is at the bank
	Pending    State = "pending"    // approved at the bank, execution not confirmed
	Done       State = "done"       // executed, confirmed by the bank
	Accepted   State = "accepted"   // accepted by the bank, which reports nothing further
	Rejected   State = "rejected"   // refused by bank, payer or client: see ErrorCode
	Expired    State = "expired"    // no definitive answer in time
	Partial    State = "partial"    // bulk payments only
)

// Known reports whether s is in the provider's documentation.
func (s State) Known() bool {
	switch s {
	case Created, Validating, Pending, Done, Accepted, Rejected, Expired, Partial:
		return true
	}
	return false
}

// Final reports whether the provider never leaves the state. An unknown state is not final.
func (s State) Final() bool {
	switch s {
	case Done, Accepted, Rejected, Expired, Partial:
		return true
	}
	return false
}

// Account is a bank account. BIC may be empty: the provider derives it from the IBAN.
type Account struct {
	IBAN, BIC, Label string
}

// The kinds of Identity that this client sends.
const (
	Individual = "individual"
	Corporate  = "corporate"
)

// Identity is a payer or a beneficiary. A corporate one has OrgName, LegalStatus and SIREN (or EUID); an individual has FirstName
// and LastName and, if known, date and place of birth. The zero Identity is not sent.
type Identity struct {
	Kind                        string
	OrgName, LegalStatus, SIREN string
	EUID                        string
	FirstName, LastName         string
	// BirthDate is YYYY-MM-DD, BirthCountry ISO 3166-1 alpha-2.
	BirthDate, BirthCity, BirthCountry string
	Email                              string
	// Address is a person's postal address or a company's registered office; its lines are separated by line feeds.
	Address string
}

// personalData returns the texts that must be removed from the provider's error messages.
func (i *Identity) personalData() []string {
	if i == nil {
		return nil
	}
	return []string{i.FirstName, i.LastName, i.OrgName, i.BirthDate, i.BirthCity, i.Email, i.Address}
}

// The execution types that this client sends.
const (
	FirstOpenDay = "first_open_day" // classic transfer, the bank's next business day
	Instant      = "instant"        // SCT Inst
	Deferred     = "deferred"       // classic transfer at ExecutionDate
)

// CreateRequest describes a payment with one instruction.
type CreateRequest struct {
	// ReferenceID is the end-to-end id, at most 31 characters. It is required: the payment is found by it when the response to
	// its creation is lost.
	ReferenceID string
	// State is returned with the payer as "state" (client_state), at most 2000 characters.
	State           string
	Amount          money.Cents
	Currency, Label string
	// ExecutionDate (YYYY-MM-DD, UTC) goes with Deferred only.
	ExecutionType, ExecutionDate string
	Beneficiary                  Account
	BeneficiaryIdentity          Identity
	// Payer and PayerIdentity may be nil: the payer then chooses at the bank.
	Payer         *Account
	PayerIdentity *Identity
	// BankID opens the webview at that bank (connector_uuid); empty: the payer chooses.
	BankID string
	// Schedule goes with Periodic only.
	Schedule Schedule
}

// Schedule is when the bank executes a periodic payment. Days are YYYY-MM-DD; without an End it pays until it is stopped.
type Schedule struct{ Frequency, Start, End string }

// Payment is a payment as the provider returns it. Missing fields are empty.
type Payment struct {
	ID    string
	State State
	// StateDetail begins with "cancelling" while the payer has to approve a cancellation.
	StateDetail string
	// ErrorCode is unchanged; its casing is not stable.
	ErrorCode        string
	ErrorDescription string
	// ValidateURI is where the payer continues. Only an absolute http(s) URL is kept.
	ValidateURI string
	ReferenceID string
	// BankID is the payer's bank; empty until it is known.
	BankID string
	// Amount is zero if the response had no readable amount; payments of zero do not exist.
	Amount   money.Cents
	Currency string
	// Payer is nil as long as the provider does not know the account.
	Payer *Account
	// RegisteredAt is in UTC; zero if unknown.
	RegisteredAt time.Time
	// Raw is the whole response as compact JSON that PostgreSQL's jsonb accepts. It contains personal data.
	Raw []byte
}

// Cancelling reports whether a cancellation waits for the payer's approval.
func (p Payment) Cancelling() bool {
	return !p.State.Final() && strings.HasPrefix(strings.ToLower(p.StateDetail), "cancelling")
}
