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

// Party is one side of the transfer. Name is the account's holder as the transfer shows it; of a payer it may be empty. Kind
// is "corporate" or "individual".
type Party struct {
	Name, IBAN, BIC    string
	Kind, Legal, SIREN string
	Identity           Identity
}

// The kinds of a Party (Powens identity).
const (
	Corporate  = "corporate"
	Individual = "individual"
)

// Origin tells where a payment comes from.
type Origin string

// The origins. A scan pays another payment; a payment of a merchant's code (qr) stands for itself.
const (
	OriginAPI   Origin = "api"
	OriginOrder Origin = "order"
	OriginQR    Origin = "qr"
	OriginScan  Origin = "scan"
)

// Session is the state of a payment's own session at the provider, as far as a holder is concerned.
type Session string

// The sessions. SessionClosing: the bank may have been asked to cancel it for a holder. SessionClosed: nobody can pay
// there any more; never left.
const (
	SessionOpen    Session = "open"
	SessionClosing Session = "closing"
	SessionClosed  Session = "closed"
)

// Received is what a merchant said of money that came outside the provider.
type Received struct {
	// By is who said so; empty: nobody did.
	By   string
	At   *time.Time
	Note string
}

// LateReceipt is money that came for a payment which had ended without it, by the merchant's word.
type LateReceipt struct {
	// Amount is 0 when there is no late receipt.
	Amount       money.Cents
	At, BookedAt *time.Time
}

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
	// Payer is known from the start only for a refund; the account of a payment's once the provider has told it, its identity
	// when the merchant said who pays.
	Payer Party

	ProviderID      string
	ProviderState   string
	PaymentURL      string
	RequestedAt     *time.Time
	CancelRequested bool

	Origin Origin
	// OrderID belongs to OriginOrder. CustomerID is who scanned.
	OrderID, CustomerID string
	// GatewayReference is, of a scan, the payment that it pays.
	GatewayReference string
	// CodeRequest is the request id of the code that was scanned.
	CodeRequest string
	// PaidBy and Received name who holds the payment or completed it.
	PaidBy     string
	Received   Received
	OwnSession Session

	AmountRefunded money.Cents
	AmountReserved money.Cents

	// SettleBy is set while the provider has nothing more to say and only the merchant knows whether the money came: then
	// it is decided without its word.
	SettleBy *time.Time
	// ApprovalURL is where the payer approves a cancellation, while one waits for that.
	ApprovalURL string
	// Creates counts the requests to create it at the provider, Lookups those clean look-ups that did not find it since.
	Creates, Lookups int
	// Late is the money that came after the payment had ended without it; zero: none.
	Late LateReceipt

	DueAt       *time.Time
	QuietPolls  int
	ExpiresAt   time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt *time.Time
	StalledAt   *time.Time
}

// Refundable is what can still be given back; 0 unless the payment is completed or its money came late.
func (p Payment) Refundable() money.Cents {
	switch {
	case p.Kind != KindPayment:
		return 0
	case p.Late.Amount > 0:
		return p.Late.Amount - p.AmountReserved
	case p.Status == Completed || p.Status == Refunded:
		return p.Amount - p.AmountReserved
	default:
		return 0
	}
}

// Unpaid reports whether the payment ended without its money, as far as anybody has said.
func (p Payment) Unpaid() bool {
	return (p.Status == Failed || p.Status == Cancelled) && p.Late.Amount == 0
}

// Held reports whether the payment waits for a scan, or for its session's end so that the merchant's word counts.
// Nothing but its holder completes or ends it then, other than the payer who was faster at its own session.
func (p Payment) Held() bool {
	return !p.Status.Final() && (p.PaidBy != "" || p.Received.By != "")
}

// LetGo takes the hold off.
func (p *Payment) LetGo() { p.PaidBy, p.Received = "", Received{} }

// Silent reports whether merchants hear nothing of the payment: a scan is announced by the payment that it pays.
func (p Payment) Silent() bool { return p.Origin == OriginScan }

// Scanned reports whether a customer pays it from an account that is known from the start.
func (p Payment) Scanned() bool { return p.Origin == OriginQR || p.Origin == OriginScan }

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
	// Actor and Note are who answers for the change, and in which words; only in the history.
	Actor, Note string
}

// EventType is the type of the event that announces that a payment of the kind reached the status.
func EventType(k Kind, s Status) string { return string(k) + "." + string(s) }
