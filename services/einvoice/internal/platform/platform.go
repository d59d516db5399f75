// Package platform is the port to an accredited e-invoicing platform ("plateforme agréée"): what this service needs of
// one, in its own words. internal/seqino fills it.
//
// Every call that creates something may be repeated with the same Ref after a lost answer: the platform has it once.
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
// ErrNotFound, or anything else: trouble that may pass, after which it is not known whether the call had an effect.
type Platform interface {
	// EnsureClient returns the id of the client with this Ref, and makes it where there is none.
	EnsureClient(ctx context.Context, c Client) (clientID string, err error)
	// EnsureMandate returns the client's mandate for the merchant's line of the directory, and asks for one where there is
	// none, or only ended ones.
	EnsureMandate(ctx context.Context, clientID string, m MandateRequest) (Mandate, error)
	// Mandate reads a mandate.
	Mandate(ctx context.Context, clientID, mandateID string) (Mandate, error)
	// OnboardingLink is where the merchant proves who it is.
	OnboardingLink(ctx context.Context, clientID string) (Link, error)

	// Submit hands a document over. Also with an error the receipt holds what is known by then, to be given back with the
	// next try.
	Submit(ctx context.Context, clientID string, s Submission) (Receipt, error)
	// Lifecycle lists what happened to a document, oldest first.
	Lifecycle(ctx context.Context, clientID, invoiceID string) ([]Event, error)
	// File is the platform's Factur-X of a document; ErrNotFound when it has none.
	File(ctx context.Context, clientID, invoiceID string) ([]byte, error)

	// ReportCollection says that money of an invoice between businesses came in (status 212).
	ReportCollection(ctx context.Context, clientID string, c Collection) (id string, err error)
	// ReportSales sends the sales to private customers of a period (flux 10.3).
	ReportSales(ctx context.Context, clientID string, r SalesReport) (id string, err error)
	// ReportPayments sends the payments by private customers of a period (flux 10.4).
	ReportPayments(ctx context.Context, clientID string, r PaymentsReport) (id string, err error)

	// ReadHook checks the signature of a webhook over its raw body and says what it is about. ErrSignature when it is wrong.
	ReadHook(body []byte, header map[string]string) (Hook, error)
}

var (
	// ErrNoMandate says that the merchant may not issue yet, or not any more.
	ErrNoMandate = errors.New("no active mandate at the platform")
	// ErrNotFound says that the platform does not have it.
	ErrNotFound = errors.New("not at the platform")
	// ErrSignature says that the webhook is not from the platform.
	ErrSignature = errors.New("wrong signature")
)

// Refused is the platform's final no to what it was sent: sending the same again is no use.
type Refused struct {
	// Code is the platform's word, e.g. "CALCUL_ERR", may be empty; Problems say what is wrong, in words a merchant may see.
	Code     string
	Problems []string
}

// Error implements error.
func (r *Refused) Error() string {
	return fmt.Sprintf("refused by the platform: %s %s", r.Code, strings.Join(r.Problems, "; "))
}

// Client is a merchant as the platform is told of it.
type Client struct {
	Ref, Name, Email string
}

// MandateRequest names a line of the national directory: a SIREN, or an establishment of it.
type MandateRequest struct {
	Ref          string
	SIREN, SIRET string
	Start        invoice.Date
}

// MandateStatus is whether the merchant may issue.
type MandateStatus string

const (
	// MandatePending is that of a merchant who has to prove first who it is ("know your business").
	MandatePending MandateStatus = "pending_kyb"
	// MandateActive is that of a merchant who may issue.
	MandateActive MandateStatus = "active"
	// MandateExpired is that of one who may not any more.
	MandateExpired MandateStatus = "expired"
	// MandateFailed is that of one who was refused.
	MandateFailed MandateStatus = "error"
)

// Mandate lets the platform act for a merchant.
type Mandate struct {
	ID     string
	Status MandateStatus
}

// Link works until it expires.
type Link struct {
	URL     string
	Expires time.Time
}

// Submission is a document to hand over. XML is what PDF has inside.
type Submission struct {
	Ref      string
	Document invoice.Document
	XML, PDF []byte
	// DraftID of an earlier try; empty when none is known.
	DraftID string
}

// Receipt is what the platform calls a document.
type Receipt struct {
	DraftID   string
	InvoiceID string
}

// Event is one step in the life of a document: Code is 200 to 213 (DGFiP specifications, table 8).
type Event struct {
	ID   string
	Code int
	At   time.Time
	// Emitter is who says so, e.g. PDPE, PDPR, BUYER.
	Emitter string
	// ReasonCode and Reason come with 206, 207, 208, 210 and 213.
	ReasonCode, Reason string
}

// RateAmount is a part of a sum at one VAT rate.
type RateAmount struct {
	VATPerMill vat.Rate `json:"Rate"` // so it is called in stored reports
	Amount     money.Cents
}

// Collection is money that came in for an invoice. Its parts add up to Amount, VAT included.
type Collection struct {
	Ref, SIREN, InvoiceNumber string
	Date                      invoice.Date
	Amount                    money.Cents
	Parts                     []RateAmount
}

// Period is from one day to another, both included.
type Period struct {
	Start, End invoice.Date
}

// ReportHead is common to both reports.
type ReportHead struct {
	// Ref is the report's id (at most 50 characters), another one for each report, replacements included.
	Ref    string
	SIREN  string
	Period Period
	// Replace: it takes the place of all that was reported of the period.
	Replace bool
	// XML is the report as flux 10.
	XML []byte
}

// SalesReport sums up sales by day and category.
type SalesReport struct {
	ReportHead
	Days []SalesDay
}

// SalesDay are the sales of one category on one day. Net and Tax may be below zero when more was given back.
type SalesDay struct {
	Date     invoice.Date
	Category string // TLB1, TPS1, TNT1
	Count    int
	Net, Tax money.Cents
	Rates    []SalesRate
}

// SalesRate is the part of a day at one VAT rate.
type SalesRate struct {
	VATPerMill vat.Rate `json:"Rate"` // so it is called in stored reports
	Net, Tax   money.Cents
}

// PaymentsReport sums up payments by day.
type PaymentsReport struct {
	ReportHead
	Days []PaymentsDay
}

// PaymentsDay are the payments of one day, VAT included.
type PaymentsDay struct {
	Date  invoice.Date
	Parts []RateAmount
}

// Hook is what a webhook is about.
type Hook struct {
	ID   string
	Type string
	// ClientID and the object may be empty: then everything has to be read.
	ClientID, ObjectType, ObjectID string
}
