package subscription

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

const (
	// lookEvery is how long a due row may go unnoticed, within the deadline of work on one, and lease how long a worker has it.
	lookEvery = time.Second
	within    = 40 * time.Second
	lease     = 45 * time.Second
	atOnce    = 32
)

// Engine drives mandates at the provider.
type Engine interface {
	// Request asks the provider for a mandate that is recorded as requested. It never fails: what did not work is tried again.
	Request(ctx context.Context, p payment.Payment) payment.Payment
	// Cancel asks the provider to end a mandate; it returns the page where the payer approves that, if there is one.
	Cancel(ctx context.Context, p payment.Payment) (payment.Payment, string, error)
	// Ready returns LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED if the mode has no provider.
	Ready(livemode bool) error
	// NewDueAt is the due time of a payment that is about to be requested.
	NewDueAt() time.Time
	// SessionTTL is how long the payer may take.
	SessionTTL() time.Duration
}

// Mandates keeps mandates.
type Mandates interface {
	AddMandate(ctx context.Context, tx pg.DB, mandate payment.Payment) (payment.Payment, error)
	ByReference(ctx context.Context, reference string) (payment.Payment, error)
	// FollowAgain calls Room.Follow with the mandate as it is.
	FollowAgain(ctx context.Context, reference string) error
}

// Banks says what banks can do.
type Banks interface {
	Fit(livemode bool, id string, w bank.Want) (payment.Settlement, error)
	Find(livemode bool, id string) (bank.Bank, error)
}

// Merchants says who may take money.
type Merchants interface {
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists are read; nil: Pool.
	Reads     *pg.Reads
	Engine    Engine
	Mandates  Mandates
	Banks     Banks
	Merchants Merchants
	Links     Links
	Now       func() time.Time
	// Wake is called after each commit that recorded an event.
	Wake func()
	Log  *slog.Logger
}

// Room has the subscriptions. Make it with New.
type Room struct {
	Deps
	subscriptions *due.Loop[string]
	occurrences   *due.Loop[key]
}

// New returns a Room. Call Run, which does what is due.
func New(d Deps) *Room {
	d.Reads = cmp.Or(d.Reads, pg.ReadsOf(d.Pool))
	r := &Room{Deps: d}
	r.subscriptions = due.New(due.Config[string]{
		What: "subscriptions", Every: lookEvery, AtOnce: atOnce, Within: within, Grace: within, Claim: r.claimSubscriptions, Do: r.tend, Log: d.Log,
		Watch: due.Watch{DB: d.Pool, First: firstSubscription, Now: r.clock},
	})
	r.occurrences = due.New(due.Config[key]{
		What: "occurrences of subscriptions", Every: lookEvery, AtOnce: atOnce, Within: within, Grace: within, Claim: r.claimOccurrences, Do: r.decide,
		Watch: due.Watch{DB: d.Pool, First: firstOccurrence, Now: r.clock}, Log: d.Log,
	})
	return r
}

// RunSubscriptions and RunOccurrences do what is due until ctx ends.
func (r *Room) RunSubscriptions(ctx context.Context) error { return r.subscriptions.Run(ctx) }

// RunOccurrences does what is due for occurrences until ctx ends.
func (r *Room) RunOccurrences(ctx context.Context) error { return r.occurrences.Run(ctx) }

// clock returns the time in the precision of the database.
func (r *Room) clock() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// inTx runs fn in a transaction and wakes the relay of events after the commit.
func (r *Room) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, r.Pool, fn); err != nil {
		return err
	}
	r.Wake()
	return nil
}
