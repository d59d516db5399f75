// Package transmit sends everything that must be sent to the platform: documents, collections, reports and answers. A transmission is a
// row that is recorded in the transaction of its cause and has a due time until it is sent or permanently refused; Engine sends
// due transmissions. No remote call is made inside a transaction.
package transmit

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Kind is what a transmission sends.
type Kind string

const (
	// Document sends an invoice or credit note; Subject is its id.
	Document Kind = "document"
	// Collection sends a payment of an invoice between businesses (status 212); Subject is the payment's id.
	Collection Kind = "collection"
	// Report sends an e-report of a period; Subject is the report's id.
	Report Kind = "report"
	// Answer sends a status that a buyer gave a received invoice; Subject is the answer's id.
	Answer Kind = "answer"
)

// Transmission is one object to send.
type Transmission struct {
	ID         uuid.UUID
	Kind       Kind
	Subject    uuid.UUID
	MerchantID string
	Livemode   bool
	// Attempts that were started, including this one.
	Attempts int
}

// Sender sends one kind. It reads its subject, calls the platform without an open transaction, and records the result in the
// subject's own tables, all before ctx ends: after that another process may have the transmission. Its error determines the
// result: Wait, ErrStop, or any other, which is retried.
type Sender interface {
	Send(ctx context.Context, t Transmission) error
}

// Wait is the error for a transmission that depends on something else (a mandate): it waits without counting attempts, until
// Resume or RetryAfter, at least a second.
type Wait struct {
	Reason     string
	RetryAfter time.Duration
}

// Error implements error.
func (w Wait) Error() string { return "waiting: " + w.Reason }

// ErrStop is wrapped by the error of a permanent refusal.
var ErrStop = errors.New("permanently refused")

// ErrNotNeeded is wrapped by the error of a transmission that must not be sent any more, like one that was dropped.
var ErrNotNeeded = errors.New("not needed any more")
