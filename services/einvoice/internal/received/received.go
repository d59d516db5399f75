// Package received is the inbox of invoices that suppliers send to merchants through the platform: it lists and fetches them, reads
// them, marks what a person should look at, sends what the buyer answers, and has them paid.
//
// A document is a row from the moment that the platform lists it, and due until it was fetched. The list is read after each webhook
// and every ten minutes besides, from the newest document that is recorded, so nothing is lost when a webhook is. A document that
// cannot be read is shown with the reason, and can be downloaded and refused.
package received

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Deps of an inbox.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists are read.
	Reads pg.Reader
	// Platforms by mode: live and test are separate accounts.
	Platforms map[bool]platform.Platform
	// Suppliers makes the payments of invoices.
	Suppliers paymentsv1.SuppliersServiceClient
	Now       func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Inbox is the inbox of all merchants.
type Inbox struct {
	Deps
	engine  *transmit.Engine
	lists   map[bool]*due.Loop[inbox]
	fetches map[bool]*due.Loop[uuid.UUID]
	pays    *due.Loop[Payment]
	// adopted is when merchants without an inbox were last looked for, by mode. Only the loop of a mode uses its time.
	adopted map[bool]*time.Time
}

// Who is a merchant in one mode.
type Who struct {
	MerchantID string
	Livemode   bool
}

const (
	// listEvery is how often the list of a merchant is read without a webhook, listRetry how long after a failure.
	listEvery = 10 * time.Minute
	listRetry = time.Minute
	// adoptEvery is how often merchants are looked for that have enrolled since. A webhook finds them at once.
	adoptEvery = time.Minute
	// lookEvery is how often due work is looked for.
	lookEvery = time.Second
	// A call may take callTimeout; the lease of a claim is longer.
	callTimeout = 40 * time.Second
	lease       = 2 * time.Minute
	atOnce      = 4
	// A document that was not fetched is tried again after 5 s, 10 s, … 15 min, without end.
	firstRetry   = 5 * time.Second
	longestRetry = 15 * time.Minute
)

// New returns an inbox. Call Attach to set the engine that sends answers.
func New(d Deps) *Inbox {
	b := &Inbox{Deps: d, lists: map[bool]*due.Loop[inbox]{}, fetches: map[bool]*due.Loop[uuid.UUID]{}}
	b.adopted = map[bool]*time.Time{true: {}, false: {}}
	b.pays = b.payLoop()
	for _, livemode := range []bool{true, false} {
		b.lists[livemode] = due.New(due.Config[inbox]{
			What: "inboxes", Every: lookEvery, AtOnce: atOnce, Within: callTimeout, Log: d.Log,
			Watch: due.Watch{DB: d.Pool, First: firstInbox[livemode], Now: b.instant},
			Claim: func(ctx context.Context, limit int) ([]inbox, error) { return b.claimInboxes(ctx, livemode, limit) },
			Do:    b.list,
		})
		b.fetches[livemode] = due.New(due.Config[uuid.UUID]{
			What: "received documents", Every: lookEvery, AtOnce: atOnce, Within: callTimeout, Log: d.Log,
			Watch: due.Watch{DB: d.Pool, First: firstFetch[livemode], Now: b.instant},
			Claim: func(ctx context.Context, limit int) ([]uuid.UUID, error) { return b.claimFetches(ctx, livemode, limit) },
			Do:    b.fetch,
		})
	}
	return b
}

// Attach sets the engine, which uses AnswerSender.
func (b *Inbox) Attach(e *transmit.Engine) { b.engine = e }

// Run receives until ctx ends. Any number of replicas may run. The modes do not block each other.
func (b *Inbox) Run(ctx context.Context) error {
	var all errgroup.Group
	for livemode, p := range b.Platforms {
		if p != nil {
			all.Go(func() error { return b.lists[livemode].Run(ctx) })
			all.Go(func() error { return b.fetches[livemode].Run(ctx) })
		}
	}
	all.Go(func() error { return b.pays.Run(ctx) })
	return all.Wait()
}

// Hint makes the list of a client be read now. Unknown clients are ignored.
func (b *Inbox) Hint(ctx context.Context, livemode bool, clientID string) error {
	if clientID == "" {
		return nil
	}
	if err := b.recordHint(ctx, livemode, clientID); err != nil {
		return err
	}
	b.lists[livemode].Nudge()
	return nil
}

// instant returns the current time in the precision of PostgreSQL.
func (b *Inbox) instant() time.Time { return b.Now().UTC().Truncate(time.Microsecond) }

// recordTimeout is the deadline for recording what the platform said.
const recordTimeout = 10 * time.Second

// recording returns a context that outlives the call whose result it records.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
}
