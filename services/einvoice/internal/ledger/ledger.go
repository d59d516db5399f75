package ledger

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
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
	// turns bounds the calls that take a number.
	turns gate
	// polls ask about the documents of a mode.
	polls    map[bool]*due.Loop[uuid.UUID]
	patience patience
}

// patience is what callers wait for the platform: what it does not do by then goes on without them.
type patience struct {
	submit time.Duration
	// read is for a reader, who gets what is known.
	read time.Duration
}

// New returns a ledger. Attach tells it of the engine that sends its documents.
func New(d Deps) *Ledger {
	l := &Ledger{Deps: d, patience: patience{submit: submitPatience, read: readPatience}}
	l.polls = map[bool]*due.Loop[uuid.UUID]{true: l.poll(true), false: l.poll(false)}
	return l
}

// Attach sets the engine, whose senders the ledger makes.
func (l *Ledger) Attach(e *transmit.Engine) { l.engine = e }

// instant is now as PostgreSQL keeps it.
func (l *Ledger) instant() time.Time { return l.Now().UTC().Truncate(time.Microsecond) }

// inTurn is begin for a call of a merchant, who waits for its turn without a connection in hand.
func (l *Ledger) inTurn(ctx context.Context, who Who, do func(tx pgx.Tx) error) error {
	leave, err := l.turns.enter(ctx, who)
	if err != nil {
		return err
	}
	defer leave()
	return l.begin(ctx, do)
}

// begin runs do in a transaction and wakes the relay after its commit.
func (l *Ledger) begin(ctx context.Context, do func(tx pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, l.Pool, do); err != nil {
		return err
	}
	l.Wake()
	return nil
}

const (
	submitPatience = 8 * time.Second
	readPatience   = 3 * time.Second
	// recordWithin bounds the recording of what the platform said, also for a caller who has gone.
	recordWithin = 10 * time.Second
)

// recording is a context for writing down what has happened already: it outlives ctx.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
}

// errNoPlatform is for a mode whose account is not set up, or not any more.
var errNoPlatform = errors.New("there is no platform in this mode")

// platform of a mode. Where there is none everything waits that has to leave.
func (l *Ledger) platform(livemode bool) (platform.Platform, error) {
	if p := l.Platforms[livemode]; p != nil {
		return p, nil
	}
	return nil, errNoPlatform
}

// submitNow tries to hand a document over while the caller waits. Whatever goes wrong is the engine's to repeat.
func (l *Ledger) submitNow(ctx context.Context, id uuid.UUID, livemode bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.patience.submit)
	defer cancel()
	if _, err := l.engine.Do(ctx, transmit.Document, id, livemode); err != nil {
		l.Log.Warn("submit at once", "invoice", id, "error", err)
	}
}
