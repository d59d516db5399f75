package merchant

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// introduceAtOnce is how many merchants one transaction announces.
const introduceAtOnce = 100

// Introduce announces the merchants whose present version no event has announced, as after a migration that adds to the event. It
// returns when all are announced or ctx ends. Several replicas may do it at once.
func (s *Merchants) Introduce(ctx context.Context) {
	for {
		n, err := s.introduceSome(ctx)
		switch {
		case err == nil && n == 0:
			return
		case err == nil:
			s.deps.Wake()
			continue
		case ctx.Err() != nil:
			return
		}
		s.deps.Log.Warn("merchants not announced, trying again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

func (s *Merchants) introduceSome(ctx context.Context) (n int, err error) {
	err = pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		list, err := lockUnannounced(ctx, tx, introduceAtOnce)
		if err != nil {
			return err
		}
		n = len(list)
		for _, m := range list {
			if err := announce(ctx, tx, m, "updated", s.instant()); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
