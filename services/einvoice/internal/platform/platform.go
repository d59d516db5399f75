// Package platform is the interface to an accredited e-invoicing platform ("plateforme agréée"): what this service requires of
// it, in its own terms. internal/seqino implements it.
//
// Every call that creates something may be repeated with the same Ref after a lost answer: the platform stores it once.
package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Platform is one account ("sponsor") at a platform. clientID is the merchant's id there. Errors are *Refused, ErrNoMandate,
// ErrNotFound, or anything else, which is a temporary problem after which it is unknown whether the call took effect.
type Platform interface {
	// EnsureClient returns the id of the client with this Ref, and creates it if there is none.
	EnsureClient(ctx context.Context, c Client) (clientID string, err error)
	// EnsureMandate returns the client's mandate for the merchant's line of the directory, and requests one if there is none or
	// only ended ones.
	EnsureMandate(ctx context.Context, clientID string, m MandateRequest) (Mandate, error)
	// Mandate reads a mandate.
	Mandate(ctx context.Context, clientID, mandateID string) (Mandate, error)
	// OnboardingLink returns where the merchant proves its identity.
	OnboardingLink(ctx context.Context, clientID string) (Link, error)

	// Submit submits a document. Even with an error, the receipt holds what is known so far, to be passed to the next attempt.
	Submit(ctx context.Context, clientID string, s Submission) (Receipt, error)
	// Lifecycle lists the steps of a document, oldest first.
	Lifecycle(ctx context.Context, clientID, invoiceID string) ([]Event, error)
	// File returns the platform's Factur-X of a document, or ErrNotFound.
	File(ctx context.Context, clientID, invoiceID string) ([]byte, error)

	// Directory returns what the national directory has of a SIREN, or ErrNotFound.
	Directory(ctx context.Context, siren string) (Business, error)

	// ReportCollection reports a payment of an invoice between businesses (status 212).
	ReportCollection(ctx context.Context, clientID string, c Collection) (id string, err error)
	// ReportSales reports the sales to private customers in a period (flux 10.3).
	ReportSales(ctx context.Context, clientID string, r SalesReport) (id string, err error)
	// ReportPayments reports the payments by private customers in a period (flux 10.4).
	ReportPayments(ctx context.Context, clientID string, r PaymentsReport) (id string, err error)

	Inbox

	// ReadHook verifies the signature of a webhook over its raw body and returns its subject, or ErrSignature.
	ReadHook(body []byte, header map[string]string) (Hook, error)
}

var (
	// ErrNoMandate means that the merchant may not issue invoices yet, or any more.
	ErrNoMandate = errors.New("no active mandate at the platform")
	// ErrNotFound means that the platform does not have the object.
	ErrNotFound = errors.New("not at the platform")
	// ErrSignature means that the webhook is not from the platform.
	ErrSignature = errors.New("wrong signature")
)

// Refused is a permanent refusal by the platform: sending the same again is useless.
type Refused struct {
	// Code is the platform's code, such as "CALCUL_ERR"; may be empty. Problems are the reasons, in words that a merchant may
	// see.
	Code     string
	Problems []string
}

// Error implements error.
func (r *Refused) Error() string {
	return fmt.Sprintf("refused by the platform: %s %s", r.Code, strings.Join(r.Problems, "; "))
}

// Client is a merchant's data for the platform.
type Client struct {
	Ref, Name, Email string
}

// MandateRequest identifies a line of the national directory: a SIREN, or one of its establishments.
type MandateRequest struct {
	Ref          string
	SIREN, SIRET string
	Start        invoice.Date
}

// MandateStatus is whether the merchant may issue invoices.
type MandateStatus string

const (
	// MandatePending means that the merchant must first prove its identity ("know your business").
	MandatePending MandateStatus = "pending_kyb"
	// MandateActive means that the merchant may issue invoices.
	MandateActive MandateStatus = "active"
	// MandateExpired means that the merchant may no longer issue invoices.
	MandateExpired MandateStatus = "expired"
	// MandateFailed means that the merchant was refused.
	MandateFailed MandateStatus = "error"
)

// Mandate permits the platform to act for a merchant.
type Mandate struct {
	ID     string
	Status MandateStatus
}

// Link is valid until it expires.
type Link struct {
	URL     string
	Expires time.Time
}

// Submission is a document to submit. XML is what the PDF has embedded.
type Submission struct {
	Ref      string
	Document invoice.Document
	XML, PDF []byte
	// DraftID of an earlier attempt; empty if none is known.
	DraftID string
}

// Receipt holds the platform's ids of a document.
type Receipt struct {
	DraftID   string
	InvoiceID string
}

// Event is one step in the life cycle of a document: Code is 200 to 213 (DGFiP specifications, table 8).
type Event struct {
	ID   string
	Code int
	At   time.Time
	// Emitter is the source of the step, such as PDPE, PDPR, BUYER.
	Emitter string
	// ReasonCode and Reason are set for 206, 207, 208, 210 and 213.
	ReasonCode, Reason string
}

// RateAmount is the part of a sum at one VAT rate.
type RateAmount struct {
	VATPerMill vat.Rate `json:"Rate"` // the name in stored reports
	Amount     money.Cents
}

// Collection is money received for an invoice. Its parts add up to Amount, including VAT.
type Collection struct {
	Ref, SIREN, InvoiceNumber string
	Date                      invoice.Date
	Amount                    money.Cents
	Parts                     []RateAmount
}

// Period is a range of days, both included.
type Period struct {
	Start, End invoice.Date
}

// ReportHead is common to both reports.
type ReportHead struct {
	// Ref is the report's id (at most 50 characters), different for each report, including replacements.
	Ref    string
	SIREN  string
	Period Period
	// Replace means that it replaces everything reported for the period.
	Replace bool
	// XML is the report as flux 10.
	XML []byte
}

// SalesReport sums up sales by day and category, and lists the invoices to businesses abroad.
type SalesReport struct {
	ReportHead
	Days     []SalesDay
	Invoices []ReportedInvoice `json:",omitempty"`
}

// ReportedInvoice is an invoice that is reported by itself, or a document that corrects one.
type ReportedInvoice struct {
	Number   string
	Issued   invoice.Date
	Type     invoice.TypeCode
	Net, Tax money.Cents
}

// SalesDay are the sales of one category and due date of VAT on one day. Net and Tax may be negative if more was refunded.
type SalesDay struct {
	Date     invoice.Date
	Category string // TLB1, TPS1, TNT1
	// DueCode is TT-80: 5 for services whose VAT is due with the invoice, otherwise empty.
	DueCode string `json:",omitempty"`
	// Count of sales; 0 if it is not known.
	Count    int
	Net, Tax money.Cents
	Rates    []SalesRate
}

// SalesRate is the part of a day at one VAT rate.
type SalesRate struct {
	VATPerMill vat.Rate `json:"Rate"` // the name in stored reports
	Net, Tax   money.Cents
}

// PaymentsReport sums up payments by day, and lists those of invoices to businesses abroad.
type PaymentsReport struct {
	ReportHead
	Days     []PaymentsDay
	Invoices []InvoicePayments `json:",omitempty"`
}

// InvoicePayments are the payments of one day for one invoice to a business abroad.
type InvoicePayments struct {
	Number string
	Issued invoice.Date
	PaymentsDay
}

// PaymentsDay are the payments of one day, including VAT.
type PaymentsDay struct {
	Date  invoice.Date
	Parts []RateAmount
}

// Hook is the subject of a webhook.
type Hook struct {
	ID   string
	Type string
	// ClientID and the object may be empty: then everything must be read.
	ClientID, ObjectType, ObjectID string
}
