package powens

import (
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// State is a payment's state at the provider. The set is open: a state that is not listed here is kept as it came, and
// Known is false for it.
type State string

// The documented states. Done, Accepted, Rejected, Expired and Partial are final.
const (
	Created    State = "created"    // registered, nobody validated it yet
	Validating State = "validating" // the payer is at the bank
	Pending    State = "pending"    // approved at the bank, execution not confirmed
	Done       State = "done"       // executed, confirmed by the bank
	Accepted   State = "accepted"   // accepted by the bank, which will report nothing further
	Rejected   State = "rejected"   // refused by bank, payer or client: see ErrorCode
	Expired    State = "expired"    // no definitive answer in time
	Partial    State = "partial"    // bulk payments only
)

// Known reports whether s is a documented state.
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

// Identity names a payer or a beneficiary. A corporate one has OrgName, LegalStatus and SIREN (or EUID), an individual
// FirstName and LastName and, where known, when and where it was born. The zero Identity is not sent.
type Identity struct {
	Kind                        string
	OrgName, LegalStatus, SIREN string
	EUID                        string
	FirstName, LastName         string
	// BirthDate is YYYY-MM-DD, BirthCountry ISO 3166-1 alpha-2.
	BirthDate, BirthCity, BirthCountry string
	Email                              string
	// Address is the postal address of a person or the registered office of a company, its lines separated by line feeds.
	Address string
}

// texts are what an error of the provider must not repeat in a log.
func (i *Identity) texts() []string {
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

// CreateRequest is a payment of one instruction.
type CreateRequest struct {
	// ReferenceID is the end-to-end id, at most 31 characters. It is required: the payment is found again by it when
	// the answer to its creation is lost.
	ReferenceID string
	// State comes back in the payer's return as "state" (client_state), at most 2000 characters.
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
}

// Payment is a payment as the provider shows it. What the answer did not hold is empty.
type Payment struct {
	ID    string
	State State
	// StateDetail begins with "cancelling" while the payer has to approve a cancellation.
	StateDetail string
	// ErrorCode is kept as it came; its casing is not stable.
	ErrorCode        string
	ErrorDescription string
	// ValidateURI is where the payer continues; only an absolute http(s) URL is kept.
	ValidateURI string
	ReferenceID string
	// Amount is zero when the answer held no readable amount; a payment of zero does not exist.
	Amount   money.Cents
	Currency string
	// Payer is nil while the provider does not know the account.
	Payer *Account
	// RegisteredAt is in UTC; zero when unknown.
	RegisteredAt time.Time
	// Raw is the whole answer as compact JSON that PostgreSQL's jsonb accepts. It holds personal data.
	Raw []byte
}

// Cancelling reports whether a cancellation waits for the payer's approval.
func (p Payment) Cancelling() bool {
	return !p.State.Final() && strings.HasPrefix(strings.ToLower(p.StateDetail), "cancelling")
}
