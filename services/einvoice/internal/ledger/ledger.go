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
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Deps of a ledger.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists are read.
	Reads pg.Reader
	// Platforms by mode: live and test are separate accounts. A mode without one cannot submit.
	Platforms map[bool]platform.Platform
	// Directory is where buyers are looked up; nil: they are not.
	Directory Businesses
	// Zone is the time zone in which invoices are dated: France.
	Zone *time.Location
	Now  func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Ledger stores the documents.
type Ledger struct {
	Deps
	engine *transmit.Engine
	// turns limits the calls that take a number.
	turns gate
	// polls are the polling loops by mode.
	polls map[bool]*due.Loop[uuid.UUID]
	// credits is the loop over invoices that follow their payment.
	credits  *due.Loop[tie]
	timeouts timeouts
}

// timeouts are how long callers wait for the platform. After that, work continues without them.
type timeouts struct {
	submit time.Duration
	// read is for a reader, who then gets the stored state.
	read time.Duration
}

// New returns a ledger. Call Attach to set the engine that sends its documents.
func New(d Deps) *Ledger {
	l := &Ledger{Deps: d, timeouts: timeouts{submit: submitTimeout, read: readTimeout}}
	l.polls = map[bool]*due.Loop[uuid.UUID]{true: l.poll(true), false: l.poll(false)}
	l.credits = l.autoCredits()
	return l
}

// Attach sets the engine, which uses the senders of the ledger.
func (l *Ledger) Attach(e *transmit.Engine) { l.engine = e }

// instant returns the current time in the precision of PostgreSQL.
func (l *Ledger) instant() time.Time { return l.Now().UTC().Truncate(time.Microsecond) }

// inTurn is begin for a call of a merchant, which waits for its turn without holding a connection.
func (l *Ledger) inTurn(ctx context.Context, who Who, do func(tx pgx.Tx) error) error {
	leave, err := l.turns.enter(ctx, who)
	if err != nil {
		return err
	}
	defer leave()
	return l.begin(ctx, do)
}

// begin runs do in a transaction and wakes the relay after the commit.
func (l *Ledger) begin(ctx context.Context, do func(tx pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, l.Pool, do); err != nil {
		return err
	}
	l.Wake()
	return nil
}

const (
	submitTimeout = 8 * time.Second
	readTimeout   = 3 * time.Second
	// recordTimeout is the deadline for recording the platform's answer, even if the caller has gone.
	recordTimeout = 10 * time.Second
)

// recording returns a context for recording what has already happened: it outlives ctx.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
}

// errNoPlatform is returned for a mode without an account.
var errNoPlatform = errors.New("there is no platform in this mode")

// platform returns the platform of a mode. Without one, everything that must be sent waits.
func (l *Ledger) platform(livemode bool) (platform.Platform, error) {
	if p := l.Platforms[livemode]; p != nil {
		return p, nil
	}
	return nil, errNoPlatform
}

// submitNow tries to submit a document while the caller waits, or waits for the attempt that is in progress. The engine retries after
// any failure.
func (l *Ledger) submitNow(ctx context.Context, id uuid.UUID, livemode bool) {
	ctx, cancel := l.patience(ctx)
	defer cancel()
	l.submitWithin(ctx, id, livemode)
}

// patience returns a context for as long as a caller waits for the platform. An attempt goes on if the caller leaves.
func (l *Ledger) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), l.timeouts.submit)
}

// submitWithin is submitNow until ctx ends.
func (l *Ledger) submitWithin(ctx context.Context, id uuid.UUID, livemode bool) {
	tried, err := l.engine.Do(ctx, transmit.Document, id, livemode)
	if err == nil && !tried {
		err = l.engine.Await(ctx, transmit.Document, id)
	}
	if err != nil {
		l.Log.WarnContext(ctx, "submit at once", "invoice", id, "error", err)
	}
}
