package ledger

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Deps of a ledger.
type Deps struct {
	Pool *pgxpool.Pool
	// Platforms by mode: live and test are two accounts. A mode without one cannot submit.
	Platforms map[bool]platform.Platform
	// Zone is where invoices are dated: France.
	Zone *time.Location
	Now  func() time.Time
	// Wake tells the outbox relay that there are events.
	Wake func()
	Log  *slog.Logger
}

// Ledger keeps the documents.
type Ledger struct {
	Deps
	engine *transmit.Engine
	// nudge wakes the poller.
	nudge chan struct{}
}

// New returns a ledger. Attach tells it of the engine that sends its documents.
func New(d Deps) *Ledger { return &Ledger{Deps: d, nudge: make(chan struct{}, 1)} }

// Attach sets the engine, whose senders the ledger makes.
func (l *Ledger) Attach(e *transmit.Engine) { l.engine = e }

// instant is now as PostgreSQL keeps it.
func (l *Ledger) instant() time.Time { return l.Now().UTC().Truncate(time.Microsecond) }

// begin runs do in a transaction and wakes the relay after its commit.
func (l *Ledger) begin(ctx context.Context, do func(tx pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, l.Pool, do); err != nil {
		return err
	}
	l.Wake()
	return nil
}

// submitPatience bounds what a caller waits for the platform: the engine goes on without it.
const submitPatience = 8 * time.Second

// submitNow tries to hand a document over while the caller waits. Whatever goes wrong is the engine's to repeat.
func (l *Ledger) submitNow(ctx context.Context, id uuid.UUID, livemode bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), submitPatience)
	defer cancel()
	if _, err := l.engine.Do(ctx, transmit.Document, id, livemode); err != nil {
		l.Log.Warn("submit at once", "invoice", id, "error", err)
	}
}
