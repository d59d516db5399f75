package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

const (
	// AttemptSpan is the window over which logins and registrations are counted.
	AttemptSpan = 5 * time.Minute
	// attemptsOfPair bounds the logins to one account from one network, attemptsOfStrangers those from all networks together
	// where its owner has not logged in lately.
	attemptsOfPair      = 10
	attemptsOfStrangers = 50
)

// guesses counts what is tried without a login, on all replicas together where their limiter is shared.
type guesses struct {
	limiter ratelimit.Limiter
	perIP   int
}

// loginTarget are the guesses at one account from one network, of which address is a part.
type loginTarget struct{ account, address, network string }

// pair is the key of the counter; it names nobody, as it may lie in another system's memory.
func (n loginTarget) pair() string { return "login:pair:" + digest(n.account+" "+n.network) }

// home is that of an address in a network of the owner.
func (n loginTarget) home() string { return "login:home:" + digest(n.account+" "+n.address) }

func (n loginTarget) strangers() string { return "login:account:" + digest(n.account) }

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// take counts a try, and returns how many there were before it in the window, or RATE_LIMIT_EXCEEDED with the time to wait.
func (g guesses) take(ctx context.Context, key string, limit int) (before int, err error) {
	d, err := g.limiter.Allow(ctx, key, limit)
	if err != nil {
		return 0, err
	}
	if !d.Allowed {
		return 0, tooMany(d.Reset)
	}
	return limit - d.Remaining - 1, nil
}

// address counts a try of one purpose from an address.
func (g guesses) address(ctx context.Context, purpose, network string) error {
	_, err := g.take(ctx, purpose+":"+network, g.perIP)
	return err
}

// count counts a try of one purpose for one user, and clear ends the count after a success.
func (g guesses) count(ctx context.Context, purpose, id string) error {
	_, err := g.take(ctx, purpose+":"+digest(id), attemptsOfPair)
	return err
}

func (g guesses) clear(ctx context.Context, purpose, id string) error {
	return g.limiter.Forget(ctx, purpose+":"+digest(id))
}

// forget ends the counts of who has proven himself, not that of strangers: they are others.
func (g guesses) forget(ctx context.Context, n loginTarget) error {
	if err := g.limiter.Forget(ctx, n.pair()); err != nil {
		return err
	}
	return g.limiter.Forget(ctx, n.home())
}
