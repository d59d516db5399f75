package till

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/leader"
)

const (
	// closeEvery is how soon after its end a day is closed.
	closeEvery = time.Minute
	// closeTimeout bounds one closing.
	closeTimeout = 30 * time.Second
	// closedAtOnce is how many merchants one look finds.
	closedAtOnce = 500
)

// Run closes days, months and years that have ended until ctx ends, in one process.
func (s *Server) Run(ctx context.Context) error {
	return leader.Run(ctx, s.pool, "close tills", s.log, func(ctx context.Context) error {
		due.Every(ctx, closeEvery, "closing of tills", s.log, s.Close)
		return nil
	})
}

// Close closes all that has ended, also while nobody was here to do it. A merchant whose closing fails does not keep others from theirs.
func (s *Server) Close(ctx context.Context) error {
	// A month is complete when its days are, and a year when its months are: so a look may find more.
	for range 3 {
		list, err := pendingClosings(ctx, s.pool, s.now(), closedAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if err := s.closeAll(ctx, p); err != nil {
				s.log.ErrorContext(ctx, "till not closed, retrying later", "merchant", p.MerchantID, "livemode", p.Livemode, "error", err)
			}
		}
		s.wake()
	}
	return nil
}

// closeAll closes what is pending of a merchant: months only once no day is open.
func (s *Server) closeAll(ctx context.Context, p pending) error {
	switch {
	case p.day:
		return s.closeDays(ctx, p)
	case p.month != nil:
		return s.within(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.closePeriod(ctx, tx, p.Who, Month, *p.month) })
	default:
		return s.within(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.closePeriod(ctx, tx, p.Who, Year, *p.year) })
	}
}

// closeDays closes each day that has ended in a transaction of its own.
func (s *Server) closeDays(ctx context.Context, p pending) error {
	for {
		err := s.within(ctx, func(ctx context.Context, tx pgx.Tx) error {
			_, err := s.closeDay(ctx, tx, p.Who, false)
			return err
		})
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Server) within(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(ctx, tx) })
}
