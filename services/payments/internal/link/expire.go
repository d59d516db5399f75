package link

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
)

// expiryLease is how long one process may take to end a link.
const expiryLease = 30 * time.Second

// expiry ends the links whose time is over.
type expiry struct {
	*due.Loop[string]
}

func newExpiry(l *Links) *expiry {
	return &expiry{due.New(due.Config[string]{
		What: "payment links", Every: time.Second, AtOnce: 4, Within: expiryLease * 9 / 10, Grace: 5 * time.Second,
		Claim: l.claimDue, Do: l.expire, Watch: due.Watch{DB: l.Pool, First: firstDue, Now: l.clock}, Log: l.Log,
	})}
}

// Run ends links when they expire and follows those that the provider hosts, until ctx ends.
func (l *Links) Run(ctx context.Context) error {
	var hosting sync.WaitGroup
	defer hosting.Wait()
	hosting.Go(func() {
		if err := l.hoster.loop.Run(ctx); err != nil {
			l.Log.ErrorContext(ctx, "hosted payment links are not followed", "error", err)
		}
	})
	return l.expiry.Run(ctx)
}

func (l *Links) expire(ctx context.Context, id string) {
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		x, err := l.lock(ctx, tx, id)
		if err != nil || x.Status != Active || !x.lapsed(l.clock()) {
			return err // the claim has moved its due time; a new expiry has set it anew
		}
		_, err = l.apply(ctx, tx, x, Change{To: Expired, What: "expired", Event: "payment_link.expired"})
		return err
	})
	if err != nil {
		l.Log.WarnContext(ctx, "payment link not ended, trying again when its lease ends", "link", id, "error", err)
	}
}
