package platform

import (
	"context"
	"time"
)

// Inbox is the part of a platform that receives invoices for merchants.
type Inbox interface {
	// ListReceived lists the documents that other platforms sent to a merchant, in the order in which they came: those after a
	// document, or from the first if it is empty. An empty list means that there are no more.
	ListReceived(ctx context.Context, clientID, after string) ([]Inbound, error)
	// ReceivedFile returns a received document as it came, or ErrNotFound.
	ReceivedFile(ctx context.Context, clientID, invoiceID string) ([]byte, error)
	// SendStatus gives a received document a status of its buyer. Errors are those of Platform; *Refused if the platform does not
	// accept the status.
	SendStatus(ctx context.Context, clientID string, a Answer) (id string, err error)
}

// Inbound is a document that another platform sent. Format is "factur-x", "cii" or "ubl", or empty if the platform names another.
type Inbound struct {
	ID, Format string
	At         time.Time
}

// Answer is a status of the buyer: Code is 204 to 208, 210 or 211 (DGFiP specifications, table 8).
type Answer struct {
	Ref, InvoiceID     string
	Code               int
	ReasonCode, Reason string
}
