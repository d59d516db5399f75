// Package rebuild brings a database that was restored from a backup up to what happened since: the event stream holds every
// payment as it was at each change, and the provider knows what it was asked for. It works in place of the service, while no
// replica runs.
package rebuild

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Provider is what is asked of the payment provider of a mode.
type Provider interface {
	FindByReference(ctx context.Context, referenceID string) ([]powens.Payment, error)
	List(ctx context.Context, since time.Time, visit func(powens.Payment) error) error
}

// Deps of a Rebuilder. A mode without a provider is nil.
type Deps struct {
	Pool       *pgxpool.Pool
	Store      *store.Store
	Live, Test Provider
	// SessionTTL is how long a payer may take.
	SessionTTL time.Duration
	Now        func() time.Time
}

// Fact is an event of the stream: payment.*, refund.* or merchant.*.
type Fact struct {
	events.Event
	// Stream is its sequence in the stream.
	Stream uint64
}

// Action is what was, or would be, done about a payment.
type Action string

// The actions. Unknown payments are the operator's: nothing was done.
const (
	Recorded Action = "record"
	Raised   Action = "raise"
	Unknown  Action = "unknown"
)

// Finding is a payment of which the database knew less than others.
type Finding struct {
	Reference, Merchant string
	Livemode            bool
	Amount              money.Cents
	Status              string
	Action              Action
	// Reason says why a payment is unknown.
	Reason string
}

// ErrRunning is returned while a replica of the service works: it would announce a second time what it finds at the provider.
var ErrRunning = errors.New("the payments service runs on this database: stop all services first, and start them when the payments are rebuilt")

// Run compares the database with the facts, oldest first, and with what the provider has registered since. With apply it records
// what is missing. It can be repeated.
func Run(ctx context.Context, d Deps, facts []Fact, since time.Time, apply bool) ([]Finding, error) {
	if err := d.checkIdle(ctx); err != nil {
		return nil, err
	}
	pasts, merchants, err := sort(facts)
	if err != nil {
		return nil, err
	}
	if apply {
		if err := d.learn(ctx, merchants); err != nil {
			return nil, err
		}
	}
	found, err := d.rebuild(ctx, pasts, apply)
	if err != nil {
		return found, err
	}
	known := make(map[string]bool, len(pasts))
	for _, p := range pasts {
		known[p.newest.GetReference()] = true
	}
	strangers, err := d.strangers(ctx, known, since)
	return append(found, strangers...), err
}

// leaseLimit is longer than any lease: one that a restored database still holds is over then, and one that is renewed is not.
const leaseLimit = 6 * time.Second

func (d Deps) checkIdle(ctx context.Context) error {
	idle, err := d.Store.Idle(ctx)
	if idle || err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(leaseLimit):
	}
	if idle, err = d.Store.Idle(ctx); !idle && err == nil {
		return ErrRunning
	}
	return err
}

// learn updates the copy of the merchants.
func (d Deps) learn(ctx context.Context, facts []Fact) error {
	batch := make([]consume.Event, 0, len(facts))
	for _, f := range facts {
		batch = append(batch, consume.Event{Event: f.Event})
	}
	return pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error { return merchant.Handle(ctx, tx, batch) })
}

func (d Deps) rebuild(ctx context.Context, pasts []*past, apply bool) (found []Finding, err error) {
	for _, past := range pasts {
		one, err := d.one(ctx, past, apply)
		if err != nil {
			return found, fmt.Errorf("rebuild %s: %w", past.newest.GetReference(), err)
		}
		if one.Action != "" {
			found = append(found, one)
		}
	}
	return found, nil
}

// one rebuilds a payment. The finding has no action if there was nothing to do.
func (d Deps) one(ctx context.Context, past *past, apply bool) (Finding, error) {
	n := past.newest
	f := Finding{
		Reference: n.GetReference(), Merchant: n.GetMerchantId(), Livemode: n.GetLivemode(), Amount: money.Cents(n.GetAmountCents()), Status: n.GetStatus(),
	}
	p, err := d.Store.ByReference(ctx, f.Reference)
	switch {
	case errors.Is(err, store.ErrNotFound):
		f.Action = Recorded
		f.Reason, err = d.complete(ctx, &p, past, apply)
	case err == nil && p.Sequence < n.GetSequence():
		f.Action = Raised
	case err == nil && apply:
		return f, d.Store.Rebuild(ctx, p, past.told)
	}
	if err != nil || f.Action == "" {
		return f, err
	}
	if f.Reason == "" {
		past.tell(&p)
		f.Reason, err = d.askProvider(ctx, &p)
	}
	if f.Reason != "" {
		f.Action = Unknown
		return f, err
	}
	if err != nil || !apply {
		return f, err
	}
	d.due(&p)
	return f, d.Store.Rebuild(ctx, p, past.told)
}

// due makes a payment that is not final due at once: the service then asks the provider.
func (d Deps) due(p *payment.Payment) {
	if p.DueAt = nil; !p.Status.Final() {
		now := d.Now().UTC()
		p.DueAt = &now
	}
}

// strangers are payments with one of our references of which neither the database nor the stream knows anything. Whose they are
// cannot be known from what the provider has.
func (d Deps) strangers(ctx context.Context, known map[string]bool, since time.Time) (found []Finding, err error) {
	for _, mode := range []struct {
		live     bool
		provider Provider
	}{{true, d.Live}, {false, d.Test}} {
		if mode.provider == nil {
			continue
		}
		err := mode.provider.List(ctx, since, func(p powens.Payment) error {
			if known[p.ReferenceID] || !reference.Valid(p.ReferenceID) {
				return nil
			}
			if _, err := d.Store.ByReference(ctx, p.ReferenceID); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			found = append(found, Finding{
				Reference: p.ReferenceID, Livemode: mode.live, Amount: p.Amount, Status: string(p.State), Action: Unknown,
				Reason: "only the provider knows it (" + p.ID + "): find out whose it is",
			})
			return nil
		})
		if err != nil {
			return found, fmt.Errorf("list the provider's payments: %w", err)
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return compare(a.Reference, b.Reference) })
	return found, nil
}
