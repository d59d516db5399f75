// Package transmit sends what has to leave for the platform: documents, collections and reports. A transmission is a row that
// is written in the transaction of its cause and owned by a due time until it is sent or refused for good; Engine sends what
// is due. No remote call is made inside a transaction.
package transmit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
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

// Transmission is one thing to send.
type Transmission struct {
	ID         uuid.UUID
	Kind       Kind
	Subject    uuid.UUID
	MerchantID string
	Livemode   bool
	// Attempts that were started, this one included.
	Attempts int
}

// Sender sends one kind. It reads its subject, calls the platform with no transaction open, and records what came of it in the
// subject's own tables, all before ctx ends: after that somebody else may have it. Its error says what becomes of the
// transmission: Wait, ErrStop, or any other, which is tried again later.
type Sender interface {
	Send(ctx context.Context, t Transmission) error
}

// Wait is the error for what cannot be sent before something else happens (a mandate): it waits without counting attempts, and is
// woken by Resume or when Again comes, a second later at least.
type Wait struct {
	Why   string
	Again time.Duration
}

// Error implements error.
func (w Wait) Error() string { return "waits: " + w.Why }

// ErrStop is wrapped by the error for what was refused for good.
var ErrStop = errors.New("not to be sent again")

const addSQL = `insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
	values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, subject) do nothing`

func (t Transmission) row(now time.Time, hold time.Duration) []any {
	return []any{t.ID, string(t.Kind), t.Subject, t.MerchantID, t.Livemode, now.Add(hold), now}
}

// Add records a transmission in db, which must be the transaction of its cause. There is one for each kind and subject: a second one
// changes nothing. hold keeps the engine's workers away for that long, for a caller who sends it with Engine.Do at once; 0: none.
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
