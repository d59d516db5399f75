package account

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/due"
)

const (
	// removeLease is how long a removal may take before the sweeper takes it over: longer than a call to the provider.
	removeLease = time.Minute
	// sweepLease is the pause between two attempts of the sweeper at one removal.
	sweepLease = 10 * time.Minute
	sweepEvery = 30 * time.Second
	// atOnce bounds the removals under way in one process, removeGrace how long they may go on when it stops.
	atOnce      = 4
	removeGrace = 10 * time.Second
)

// Remove takes the consent to an account back at the provider and forgets it. While the provider does not answer the
// account stays, and the answer is SERVICE_UNAVAILABLE.
func (a *Accounts) Remove(ctx context.Context, customerID string, livemode bool, accountID string) error {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return errNoAccount()
	}
	id, err := uuid.Parse(accountID)
	if err != nil {
		return errNoAccount()
	}
	r, err := a.store.beginRemoval(ctx, o, id.String(), a.clock().Add(removeLease))
	if err != nil {
		return err
	}
	if err := a.revoke(ctx, r); err != nil {
		// Also when the caller has left: what was begun is taken back now, and not only by the sweeper.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := a.store.keep(ctx, r); err != nil {
			return err
		}
		return away(err)
	}
	return a.store.forget(ctx, r)
}

// revoke ends the connection with its last account, and until then the account alone. It may be repeated.
func (a *Accounts) revoke(ctx context.Context, r removal) error {
	p, err := a.provider(r.owner)
	if err != nil {
		return err
	}
	user, err := a.known(ctx, r.owner)
	if err != nil {
		return err
	}
	if r.last {
		return p.DeleteConnection(ctx, user, r.connectionID)
	}
	return p.DisableAccount(ctx, user, r.providerID)
}

// Run ends what a process that died has begun, and what a second connection to the same bank has made needless, until ctx
// ends.
func (a *Accounts) Run(ctx context.Context) error {
	var tidying sync.WaitGroup
	defer tidying.Wait()
	tidying.Go(func() { due.Every(ctx, sweepEvery, "tidying linked accounts", a.log, a.tidy) })
	return a.removals.Run(ctx)
}

// Sweep takes back what is due or was not confirmed in time, once, and forgets visits that are long over.
func (a *Accounts) Sweep(ctx context.Context) error {
	if err := a.tidy(ctx); err != nil {
		return err
	}
	_, err := a.removals.Once(ctx)
	return err
}

// tidy forgets visits that are long over, and makes removals of what was not confirmed in time.
func (a *Accounts) tidy(ctx context.Context) error {
	if err := a.store.forgetVisits(ctx, a.clock().Add(-keepVisits)); err != nil {
		return err
	}
	return a.store.expire(ctx, a.clock())
}

func (a *Accounts) newRemovals() *due.Loop[removal] {
	return due.New(due.Config[removal]{
		What: "consents to take back", Every: sweepEvery, AtOnce: atOnce, Within: removeLease, Grace: removeGrace, Log: a.log,
		Claim: func(ctx context.Context, limit int) ([]removal, error) {
			return a.store.dueRemovals(ctx, a.clock(), a.clock().Add(sweepLease), limit)
		},
		Do: a.takeBack,
	})
}

func (a *Accounts) takeBack(ctx context.Context, r removal) {
	if err := a.revoke(ctx, r); err != nil {
		a.log.WarnContext(ctx, "consent not taken back yet", "account", r.id, "error", err)
		return
	}
	if err := a.store.forget(ctx, r); err != nil {
		a.log.WarnContext(ctx, "bank account not forgotten yet", "account", r.id, "error", err)
	}
}
