package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// introduceAtOnce is how many merchants one transaction announces.
const introduceAtOnce = 100

// introduce announces the merchants that no event has told the other services of since these are told what they are told now. Once all
// are, there is nothing left to do. Replicas do it beside each other.
func (a *Accounts) introduce(ctx context.Context) {
	for {
		n, err := a.introduceSome(ctx)
		switch {
		case err == nil && n == 0:
			return
		case err == nil:
			a.deps.Wake()
			continue
		case ctx.Err() != nil:
			return
		}
		a.deps.Log.Warn("merchants not announced, trying again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

func (a *Accounts) introduceSome(ctx context.Context) (n int, err error) {
	err = pgx.BeginFunc(ctx, a.deps.Pool, func(tx pgx.Tx) error {
		list, err := lockUnannounced(ctx, tx, introduceAtOnce)
		if err != nil {
			return err
		}
		n = len(list)
		for _, m := range list {
			if err := announce(ctx, tx, m, "updated", instant(a.deps.Now)); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
