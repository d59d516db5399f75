// Package transmit sends everything that must be sent to the platform: documents, collections and reports. A transmission is a
// row that is recorded in the transaction of its cause and has a due time until it is sent or permanently refused; Engine sends
// due transmissions. No remote call is made inside a transaction.
package transmit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
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

const addSQL = `insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
	values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, subject) do nothing`

func (t Transmission) row(now time.Time, hold time.Duration) []any {
	return []any{t.ID, string(t.Kind), t.Subject, t.MerchantID, t.Livemode, now.Add(hold), now}
}

// Add records a transmission in db, which must be the transaction of its cause. There is one for each kind and subject; adding it
// again changes nothing. hold keeps the engine's workers away for that long, for a caller that sends it at once with Engine.Do;
// 0: none.
func Add(ctx context.Context, db pg.DB, t Transmission, now time.Time, hold time.Duration) error {
	if _, err := db.Exec(ctx, addSQL, t.row(now, hold)...); err != nil {
		return fmt.Errorf("add transmission: %w", err)
	}
	return nil
}

// Queue is Add as part of a batch.
func Queue(b *pgx.Batch, t Transmission, now time.Time, hold time.Duration) {
	b.Queue(addSQL, t.row(now, hold)...)
}
