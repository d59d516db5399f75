package account

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/payments/internal/consent"
)

const (
	// removeLease is how long a removal may take before the sweeper claims it. It is longer than a call to the provider.
	removeLease = time.Minute
	// sweepLease is the interval between the sweeper's attempts at one removal.
	sweepLease = 10 * time.Minute
	sweepEvery = 30 * time.Second
	// maxConcurrentRemovals limits the removals in progress in one process; removeGrace is how long they may continue during
	// shutdown.
	maxConcurrentRemovals = 4
	removeGrace           = 10 * time.Second
)

// Remove revokes the consent to an account at the provider and deletes the account. If the provider does not answer, the account
// stays linked and SERVICE_UNAVAILABLE is returned.
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
		// Undo the removal even if the caller has gone, so that the account does not wait for the sweeper.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := a.store.cancelRemoval(ctx, r); err != nil {
			return err
		}
		return consent.Unavailable(err)
	}
	return a.store.deleteAccount(ctx, r)
}

// revoke deletes the connection if this is its last account; otherwise it disables only the account. It is idempotent.
func (a *Accounts) revoke(ctx context.Context, r removal) error {
	p, err := a.provider(r.Owner)
	if err != nil {
		return err
	}
	user, err := a.consents.StoredUser(ctx, r.Owner)
	if err != nil {
		return err
	}
	if r.lastOfConnection {
		return p.DeleteConnection(ctx, user, r.connectionID)
	}
	return p.DisableAccount(ctx, user, r.providerID)
}

// Run completes removals that a crashed process has started and removes accounts that a second connection to the same bank has
// replaced, until ctx ends.
func (a *Accounts) Run(ctx context.Context) error {
	var tidying sync.WaitGroup
	defer tidying.Wait()
	tidying.Go(func() { due.Every(ctx, sweepEvery, "tidying linked accounts", a.log, a.tidy) })
	return a.removals.Run(ctx)
}

// Sweep runs once: it processes due removals, expires unconfirmed accounts and deletes old visits.
func (a *Accounts) Sweep(ctx context.Context) error {
	if err := a.tidy(ctx); err != nil {
		return err
	}
	_, err := a.removals.Once(ctx)
	return err
}

// tidy deletes old visits and schedules the removal of accounts that were not confirmed in time.
func (a *Accounts) tidy(ctx context.Context) error {
	if err := a.consents.DeleteVisits(ctx); err != nil {
		return err
	}
	return a.store.expire(ctx, a.clock())
}

func (a *Accounts) newRemovals() *due.Loop[removal] {
	return due.New(due.Config[removal]{
		What: "consents to revoke", Every: sweepEvery, AtOnce: maxConcurrentRemovals, Within: removeLease, Grace: removeGrace, Log: a.log,
		Claim: func(ctx context.Context, limit int) ([]removal, error) {
			return a.store.dueRemovals(ctx, a.clock(), a.clock().Add(sweepLease), limit)
		},
		Do: a.processRemoval,
	})
}

func (a *Accounts) processRemoval(ctx context.Context, r removal) {
	if err := a.revoke(ctx, r); err != nil {
		a.log.WarnContext(ctx, "consent not revoked, retrying", "account", r.id, "error", err)
		return
	}
	if err := a.store.deleteAccount(ctx, r); err != nil {
		a.log.WarnContext(ctx, "bank account not deleted, retrying", "account", r.id, "error", err)
	}
}
