package payment

import (
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Kind is a payment, a refund, a mandate or a payment to a supplier.
type Kind string

// The kinds. A mandate is the standing order of a subscription: the payer authorises it as a payment, and the bank then pays again and
// again. It is no payment of the merchant: the subscription of the same reference says what becomes of it. A supplier payment goes the
// other way: the merchant pays an invoice that it received, so no money comes to it.
const (
	KindPayment  Kind = "payment"
	KindRefund   Kind = "refund"
	KindMandate  Kind = "mandate"
	KindSupplier Kind = "supplier"
)

// Party is one side of the transfer. Name is the account holder as shown on the transfer; a payer's may be empty. Kind is
// "corporate" or "individual".
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

// Origin is how a payment was created.
type Origin string

// The origins. A scan pays another payment; a payment of a merchant's code (qr) stands for itself.
const (
	OriginAPI   Origin = "api"
	OriginOrder Origin = "order"
	OriginQR    Origin = "qr"
	OriginScan  Origin = "scan"
)

// Session is the state of a payment's own session at the provider, with regard to a holder.
type Session string

// The sessions. SessionClosing: the bank may have been asked to cancel it for a holder. SessionClosed: nobody can pay there any
// more; this is permanent.
const (
	SessionOpen    Session = "open"
	SessionClosing Session = "closing"
	SessionClosed  Session = "closed"
)

// Settlement is whether the payer's bank reports that a transfer was executed.
type Settlement string

// The settlements. SettlementUnknown: the bank is not known.
const (
	SettlementUnknown Settlement = ""
	Tracked           Settlement = "tracked"
	Untracked         Settlement = "untracked"
)

// Received is a merchant's report of money that arrived outside the provider.
type Received struct {
	// By is who reported it; empty if nobody did.
	By   string
	At   *time.Time
	Note string
}

// LateReceipt is money that, as the merchant reports, arrived after the payment had ended unpaid.
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
	// Sequence counts the changes, starting at 1.
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
	// Payer is known from the start only for a refund. A payment gets the account once the provider returns it, and the identity
	// if the merchant named the payer.
	Payer Party

	// BankID is the provider's UUID of the bank from which the payment is made; empty while it is not known. Settlement says whether that
	// bank reports the execution.
	BankID     string
	Settlement Settlement

	// PaymentLinkID and SubscriptionID are what the payment belongs to; empty if to nothing.
	PaymentLinkID, SubscriptionID string
	// Trace is the traceparent of what recorded the payment; empty if that was before there were traces.
	Trace string
	// SettledAt is when the money was seen on the merchant's account, UnsettledAt when it was missed there.
	SettledAt, UnsettledAt *time.Time

	ProviderID      string
	ProviderState   string
	PaymentURL      string
	RequestedAt     *time.Time
	CancelRequested bool

	Origin Origin
	// OrderID is set for OriginOrder. CustomerID is the customer who scanned.
	OrderID, CustomerID string
	// GatewayReference is the payment that a scan pays.
	GatewayReference string
	// CodeRequest is the request id of the scanned code.
	CodeRequest string
	// PaidBy and Received identify who holds the payment or completed it.
	PaidBy     string
	Received   Received
	OwnSession Session

	AmountRefunded money.Cents
	AmountReserved money.Cents

	// SettleBy is set while only the merchant can know whether the money arrived. At this time the payment is decided without the
	// merchant.
	SettleBy *time.Time
	// ApprovalURL is where the payer approves a pending cancellation.
	ApprovalURL string
	// Creates counts the create requests to the provider, Lookups the look-ups since then that did not find the payment.
	Creates, Lookups int
	// Late is the money that arrived after the payment had ended unpaid; zero if none.
	Late LateReceipt

	DueAt       *time.Time
	QuietPolls  int
	ExpiresAt   time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt *time.Time
	StalledAt   *time.Time
}

// Refundable returns the amount that can still be refunded: 0 unless the payment is completed or has a late receipt.
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

// Unpaid reports whether the payment ended unpaid and no late receipt was booked.
func (p Payment) Unpaid() bool {
	return (p.Status == Failed || p.Status == Cancelled) && p.Late.Amount == 0
}

// Held reports whether the payment is being paid by a scan, or waits for its session to close so that the merchant's confirmation
// takes effect. While it is held, only its holder can end it, unless the payer authorises at its own session first.
func (p Payment) Held() bool {
	return !p.Status.Final() && (p.PaidBy != "" || p.Received.By != "")
}

// ReleaseHold removes the hold.
func (p *Payment) ReleaseHold() { p.PaidBy, p.Received = "", Received{} }

// Unannounced reports whether merchants get no events of the payment. A scan is announced by the payment it pays, a mandate by its
// subscription.
func (p Payment) Unannounced() bool { return p.Origin == OriginScan || p.Kind == KindMandate }

// Scanned reports whether a customer pays by scanning, from an account that is known from the start.
func (p Payment) Scanned() bool { return p.Origin == OriginQR || p.Origin == OriginScan }

// Change is one change of a payment: an update, a history row and, if Event is set, an event.
type Change struct {
	To            Status
	Detail        string
	Failure       string
	Cause         string
	ProviderState string
	ProviderRaw   []byte
	// Event is the event type, such as "payment.completed". If it is empty, the change appears only in the history.
	Event string
	// Actor and Note are who made the change and their remark. They appear only in the history.
	Actor, Note string
	// Refund and RefundAmount are the refund that payment.refunded announces. They appear only in the event.
	Refund       string
	RefundAmount money.Cents
}

// EventType returns the type of the event that announces the status of a payment or refund.
func EventType(k Kind, s Status) string { return string(k) + "." + string(s) }
