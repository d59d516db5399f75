package payment

import (
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Kind tells a payment from a refund.
type Kind string

// The kinds.
const (
	KindPayment Kind = "payment"
	KindRefund  Kind = "refund"
)

// Party is one side of the transfer. Kind is "corporate" or "individual".
type Party struct {
	Name, IBAN, BIC    string
	Kind, Legal, SIREN string
}

// The kinds of a Party (Powens identity).
const (
	Corporate  = "corporate"
	Individual = "individual"
)

// Payment is a row of the payments table. Times are UTC; a nil time is absent.
type Payment struct {
	Reference         string
	Kind              Kind
	OriginalReference string
	MerchantID        string
	Livemode          bool
	Amount            money.Cents
	Currency          string
	Status            Status
	Detail            string
	Failure           string
	// Sequence counts the changes from 1.
	Sequence          int64
	Description       string
	MerchantReference string
	SuccessURL        string
	CancelURL         string
	Metadata          string
	ExecutionType     string
	ExecutionDate     string

	MerchantName      string
	WaitForSettlement bool
	Beneficiary       Party
	// Payer is known from the start only for a refund; for a payment once the provider has told it.
	Payer Party

	ProviderID      string
	ProviderState   string
	PaymentURL      string
	RequestedAt     *time.Time
	CancelRequested bool

	AmountRefunded money.Cents
	AmountReserved money.Cents

	DueAt       *time.Time
	QuietPolls  int
	ExpiresAt   time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt *time.Time
	StalledAt   *time.Time
}

// Refundable is what can still be given back; 0 unless the payment is completed.
func (p Payment) Refundable() money.Cents {
	if p.Kind != KindPayment || (p.Status != Completed && p.Status != Refunded) {
		return 0
	}
	return p.Amount - p.AmountReserved
}

// Change is one step of a payment, to be written as an update, a history row and, when Event is set, an event.
type Change struct {
	To            Status
	Detail        string
	Failure       string
	Cause         string
	ProviderState string
	ProviderRaw   []byte
	// Event is the event's type, e.g. "payment.completed"; empty: the change is only in the history.
	Event string
}

// EventType is the type of the event that announces that a payment of the kind reached the status.
func EventType(k Kind, s Status) string { return string(k) + "." + string(s) }
