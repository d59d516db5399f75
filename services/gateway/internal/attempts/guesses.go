// Package attempts counts what is tried without being known to be allowed: logins, registrations, guesses at passwords and codes.
package attempts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

const (
	// Span is the window over which logins and registrations are counted.
	Span = 5 * time.Minute
	// PerPair bounds the logins to one account from one network, and what else is tried for one user.
	PerPair = 10
	// PerAccount bounds the logins to one account from all those networks together from which its owner has not logged in lately.
	PerAccount = 50
)

// Guesses counts tries, on all replicas together where their limiter is shared.
type Guesses struct {
	Limiter ratelimit.Limiter
	// PerIP is how many tries of one purpose an address has within Span.
	PerIP int
}

// Login is a try to log in to one account from one address, which is part of a network.
type Login struct{ Account, Address, Network string }

// pair is the name of the counter for the account and the network. It is hashed: another system may store it.
func (n Login) pair() string { return "login:pair:" + digest(n.Account+" "+n.Network) }

// home is the counter for an address in a network from which the owner has logged in.
func (n Login) home() string { return "login:home:" + digest(n.Account+" "+n.Address) }

// strangers is the counter for all other networks together.
func (n Login) strangers() string { return "login:account:" + digest(n.Account) }

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// AtHome counts a login from a network from which the owner of the account has logged in lately.
func (g Guesses) AtHome(ctx context.Context, n Login) error {
	_, err := g.take(ctx, n.home(), PerPair)
	return err
}

// ByStranger counts any other login, and returns how many there were before it from its network.
func (g Guesses) ByStranger(ctx context.Context, n Login) (before int, err error) {
	if before, err = g.take(ctx, n.pair(), PerPair); err != nil {
		return 0, err
	}
	_, err = g.take(ctx, n.strangers(), PerAccount)
	return before, err
}

// take counts a try, and returns how many there were before it in the window, or RATE_LIMIT_EXCEEDED with the time to wait.
func (g Guesses) take(ctx context.Context, key string, limit int) (before int, err error) {
	d, err := g.Limiter.Allow(ctx, key, limit)
	if err != nil {
		return 0, err
	}
	if !d.Allowed {
		return 0, tooMany(d.Reset)
	}
	return limit - d.Remaining - 1, nil
}

// Address counts a try of one purpose from an address.
func (g Guesses) Address(ctx context.Context, purpose, network string) error {
	_, err := g.take(ctx, purpose+":"+network, g.PerIP)
	return err
}

// Count counts a try of one purpose for one user.
func (g Guesses) Count(ctx context.Context, purpose, id string) error {
	_, err := g.take(ctx, purpose+":"+digest(id), PerPair)
	return err
}

// Clear ends that count after a success.
func (g Guesses) Clear(ctx context.Context, purpose, id string) error {
	return g.Limiter.Forget(ctx, purpose+":"+digest(id))
}

// Forget ends the counts of somebody who has logged in, but not that of strangers: those tries were not theirs.
func (g Guesses) Forget(ctx context.Context, n Login) error {
	if err := g.Limiter.Forget(ctx, n.pair()); err != nil {
		return err
	}
	return g.Limiter.Forget(ctx, n.home())
}
