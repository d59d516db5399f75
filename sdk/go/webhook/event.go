package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Tolerance is how far ConstructEvent lets a webhook's time be from the present.
const Tolerance = 5 * time.Minute

// Event is what a webhook says.
type Event struct {
	// ID is the same however often the event comes. Parse leaves it empty: it is in the header webhook-id.
	ID string
	// Type says what happened.
	Type Type
	// Timestamp is when it happened.
	Timestamp time.Time
	// Sequence orders the events about the same thing.
	Sequence int
	// Data is what it is about: a *Payment of payment.* and refund.*, a *PaymentLink of payment_link.*, an *Occurrence of
	// subscription.occurrence.*, a *Subscription of the other subscription.*, an *Order of order.*, a *Bill of bill.*, a *Reward of
	// reward.*, an *Invoice of invoice.*, but a *ReceivedInvoice of invoice.received and invoice.answered, an *Endpoint of
	// webhook_endpoint.*, a *ReceivingAccount of receiving_account.*, a *Printer of printer.*, a *eupay.Closing of till.*, and nil for what this package does not know.
	Data any
	// Raw is Data as it came.
	Raw json.RawMessage
}

// ConstructEvent verifies a request with these headers and this raw body, as Verify does at this moment, and reads it.
func ConstructEvent(secret string, header http.Header, body []byte) (*Event, error) {
	return construct(secret, header, body, time.Now())
}

func construct(secret string, header http.Header, body []byte, now time.Time) (*Event, error) {
	if err := Verify(secret, header, body, now, Tolerance); err != nil {
		return nil, err
	}
	event, err := Parse(body)
	if err != nil {
		return nil, err
	}
	event.ID = header.Get("webhook-id")
	return event, nil
}

// Parse reads a body that was verified, or the Body of an event that the API was asked for.
func Parse(body []byte) (*Event, error) {
	var read struct {
		Event     Type            `json:"event"`
		Timestamp time.Time       `json:"timestamp"`
		Sequence  int             `json:"sequence"`
		Data      json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		return nil, fmt.Errorf("read the webhook: %w", err)
	}
	e := &Event{Type: read.Event, Timestamp: read.Timestamp, Sequence: read.Sequence, Raw: read.Data, Data: about(read.Event)}
	if e.Data == nil {
		return e, nil
	}
	if err := json.Unmarshal(read.Data, e.Data); err != nil {
		return nil, fmt.Errorf("read the data of the webhook %s: %w", e.Type, err)
	}
	return e, nil
}

// about is what an event of that type is about.
func about(event Type) any {
	switch family, _, _ := strings.Cut(string(event), "."); family {
	case "payment", "refund":
		return &Payment{}
	case "order":
		return &Order{}
	case "product":
		return &StockAlert{}
	case "bill":
		return &Bill{}
	case "reward":
		return &Reward{}
	case "invoice":
		if event == InvoiceReceived || event == InvoiceAnswered {
			return &ReceivedInvoice{}
		}
		return &Invoice{}
	case "payment_link":
		return &PaymentLink{}
	case "subscription":
		if strings.HasPrefix(string(event), "subscription.occurrence.") {
			return &Occurrence{}
		}
		return &Subscription{}
	case "webhook_endpoint":
		return &Endpoint{}
	case "receiving_account":
		return &ReceivingAccount{}
	case "printer":
		return &Printer{}
	case "till":
		return &eupay.Closing{}
	default:
		return nil
	}
}

// Payment is what an event says of a payment or a refund.
type Payment struct {
	Reference string              `json:"reference"`
	Amount    eupay.Amount        `json:"amount"`
	Currency  string              `json:"currency"`
	Status    eupay.PaymentStatus `json:"status"`
	// MerchantReference is your own reference of the payment.
	MerchantReference string `json:"merchant_reference"`
	// Metadata is your own data, as you sent it.
	Metadata eupay.Metadata `json:"metadata"`
	// Settlement is whether the payer's bank reports the execution; empty while the bank is not known.
	Settlement eupay.Settlement `json:"settlement"`
	// PaymentLinkID and SubscriptionID are what the payment belongs to; SettledAt is when its money was seen on your account.
	PaymentLinkID  string    `json:"payment_link_id"`
	SubscriptionID string    `json:"subscription_id"`
	SettledAt      time.Time `json:"settled_at"`
	// OriginalReference is the payment that a refund gives back.
	OriginalReference string `json:"original_reference"`
	// AmountRefunded, RefundReference and RefundAmount only come with payment.refunded.
	AmountRefunded  eupay.Amount `json:"amount_refunded"`
	RefundReference string       `json:"refund_reference"`
	RefundAmount    eupay.Amount `json:"refund_amount"`
	// LateReceipt only comes with payment.late_receipt. Its BookedAt is not told.
	LateReceipt *eupay.LateReceipt `json:"late_receipt"`
}

// StockAlert is what an event says of a product or variant that runs low or is sold out.
type StockAlert struct {
	ProductID string `json:"product_id"`
	// VariantID is the variant whose stock it is; empty: the product's own.
	VariantID string `json:"variant_id"`
	Name      string `json:"name"`
	SKU       string `json:"sku"`
	EAN       string `json:"ean"`
	// StockQuantity is what was left then.
	StockQuantity int `json:"stock_quantity"`
	// LowStockAt is the threshold; 0: none.
	LowStockAt int `json:"low_stock_at"`
}

// ReceivingAccount is what an event says of your connected bank account.
type ReceivingAccount struct {
	AccountID  string `json:"account_id"`
	BankName   string `json:"bank_name"`
	IBANMasked string `json:"iban_masked"`
	// Status is connected or disconnected.
	Status string `json:"status"`
	// Reason only comes with receiving_account.disconnected: consent_needed or removed_at_bank.
	Reason string `json:"reason"`
	// ConsentEndsAt is when you must consent anew.
	ConsentEndsAt time.Time `json:"consent_ends_at"`
}

// Printer is what an event says of a printer of your kitchen.
type Printer struct {
	PrinterID string `json:"printer_id"`
	Name      string `json:"name"`
	// Status is offline.
	Status     string    `json:"status"`
	LastSeenAt time.Time `json:"last_seen_at"`
	// WaitingJobs are tickets that wait for it.
	WaitingJobs int `json:"waiting_jobs"`
}

// Order is what an event says of an order.
type Order struct {
	OrderID string `json:"order_id"`
	// Number counts the merchant's orders.
	Number           int               `json:"number"`
	TableID          string            `json:"table_id"`
	Table            string            `json:"table"`
	OrderType        string            `json:"order_type"`
	Status           eupay.OrderStatus `json:"status"`
	Total            eupay.Amount      `json:"total"`
	Currency         string            `json:"currency"`
	PaymentReference string            `json:"payment_reference"`
	// PaidLate: money came for which the order has no use any more.
	PaidLate bool        `json:"paid_late"`
	Items    []OrderItem `json:"items"`
	// CancelledAmount is what was cancelled of Total, which stays as it was.
	CancelledAmount eupay.Amount `json:"cancelled_amount"`
	// Cancellation is what the event is about; nil without one.
	Cancellation *OrderCancellation `json:"cancellation"`
}

// OrderCancellation is what was cancelled of an order at one time, and what is given back of it.
type OrderCancellation struct {
	ID        string       `json:"id"`
	Amount    eupay.Amount `json:"amount"`
	Restocked bool         `json:"restocked"`
	// RefundReference is empty when nothing is given back.
	RefundAmount    eupay.Amount         `json:"refund_amount"`
	RefundReference string               `json:"refund_reference"`
	Lines           []CancelledOrderItem `json:"lines"`
}

// CancelledOrderItem is how many pieces of which line were cancelled.
type CancelledOrderItem struct {
	Position  int          `json:"position"`
	ProductID string       `json:"product_id"`
	Name      string       `json:"name"`
	Quantity  int          `json:"quantity"`
	Amount    eupay.Amount `json:"amount"`
}

// OrderItem is what was ordered of one product.
type OrderItem struct {
	ProductID string       `json:"product_id"`
	Name      string       `json:"name"`
	Quantity  int          `json:"quantity"`
	Notes     string       `json:"notes"`
	Total     eupay.Amount `json:"total"`
	// CancelledQuantity is how many of Quantity were cancelled.
	CancelledQuantity int `json:"cancelled_quantity"`
}

// Reward is what an event says of a member's points.
type Reward struct {
	MemberID string `json:"member_id"`
	// One of the three is there: a customer of the app, your own number, the SHA-256 of an email address.
	CustomerID     string `json:"customer_id"`
	CustomerNumber string `json:"customer_number"`
	EmailSHA256    string `json:"email_sha256"`
	// EntryID, Kind, Reason and ExpiresAt are of a line of the ledger, and do not come with reward.redeemed and reward.released.
	EntryID   string                `json:"entry_id"`
	Kind      eupay.RewardEntryKind `json:"kind"`
	Reason    string                `json:"reason"`
	ExpiresAt time.Time             `json:"expires_at"`
	// RedemptionID, Status and Amount only come with reward.redeemed and reward.released.
	RedemptionID string                 `json:"redemption_id"`
	Status       eupay.RedemptionStatus `json:"status"`
	Amount       eupay.Amount           `json:"amount"`
	// Points are below 0 when a line takes them; of a redemption they are above 0.
	Points int `json:"points"`
	// Reference is the payment of a line, or your own of a redemption.
	Reference string `json:"reference"`
	// Balance is the sum of the ledger then, of which Held is set aside and Available can be redeemed.
	Balance   int `json:"balance"`
	Held      int `json:"held"`
	Available int `json:"available"`
}

// Invoice is what an event says of an invoice.
type Invoice struct {
	ID            string `json:"id"`
	InvoiceNumber string `json:"invoice_number"`
	// TypeCode is 380 of an invoice, 381 of a credit note, 384 of a corrected invoice.
	TypeCode        string              `json:"type_code"`
	Status          eupay.InvoiceStatus `json:"status"`
	PreviousStatus  eupay.InvoiceStatus `json:"previous_status"`
	SeqinoStatus    string              `json:"seqino_status"`
	SeqinoInvoiceID string              `json:"seqino_invoice_id"`
	// Lifecycle is the step that the event tells of; nil before the first.
	Lifecycle        *Step        `json:"lifecycle"`
	Problem          string       `json:"problem"`
	Audience         string       `json:"audience"`
	IssueDate        string       `json:"issue_date"`
	DueDate          string       `json:"due_date"`
	Currency         string       `json:"currency"`
	TotalTTC         eupay.Amount `json:"total_ttc"`
	TotalHT          eupay.Amount `json:"total_ht"`
	TotalVAT         eupay.Amount `json:"total_vat"`
	AmountPaid       eupay.Amount `json:"amount_paid"`
	AmountCredited   eupay.Amount `json:"amount_credited"`
	AmountDue        eupay.Amount `json:"amount_due"`
	Reference        string       `json:"reference"`
	PaymentReference string       `json:"payment_reference"`
	// CorrectsNumber is the invoice that a document corrects, CreditNoteNumber what corrects an invoice.
	CorrectsNumber   string `json:"corrects_number"`
	CreditNoteNumber string `json:"credit_note_number"`
	// Payment only comes with invoice.payment_received and invoice.paid.
	Payment *eupay.InvoicePayment `json:"payment"`
}

// ReceivedInvoice is what an event says of an invoice that a supplier sent. Read the rest with the API.
type ReceivedInvoice struct {
	ID        string               `json:"id"`
	Status    eupay.ReceivedStatus `json:"status"`
	Lifecycle eupay.LifecycleStep  `json:"lifecycle"`
	// Format is cii, ubl or factur-x. It and what follows is empty of an invoice that cannot be read; Problem says why.
	Format        string       `json:"format"`
	InvoiceNumber string       `json:"invoice_number"`
	TypeCode      string       `json:"type_code"`
	IssueDate     string       `json:"issue_date"`
	DueDate       string       `json:"due_date"`
	Currency      string       `json:"currency"`
	TotalTTC      eupay.Amount `json:"total_ttc"`
	AmountDue     eupay.Amount `json:"amount_due"`
	SellerName    string       `json:"seller_name"`
	SellerSIREN   string       `json:"seller_siren"`
	// DuplicateOf is the id of the first invoice with this supplier, number and year; empty if this one is the first.
	DuplicateOf   string `json:"duplicate_of"`
	UnknownSender bool   `json:"unknown_sender"`
	Problem       string `json:"problem"`
	// Answer only comes with invoice.answered.
	Answer *ReceivedAnswer `json:"answer"`
}

// ReceivedAnswer is what you answered, or what the platform refused.
type ReceivedAnswer struct {
	eupay.LifecycleStep
	ReasonCode string `json:"reason_code"`
	// State is sending or refused.
	State   string `json:"state"`
	Problem string `json:"problem"`
}

// Step is a step of an invoice with the code and the name of the law.
type Step struct {
	eupay.LifecycleStep
	// ReasonCode and Reason are there where the step has them.
	ReasonCode string `json:"reason_code"`
	Reason     string `json:"reason"`
}

// Endpoint is what an event says of another endpoint of yours.
type Endpoint struct {
	EndpointID   string    `json:"endpoint_id"`
	URL          string    `json:"url"`
	Reason       string    `json:"reason"`
	FailingSince time.Time `json:"failing_since"`
}
