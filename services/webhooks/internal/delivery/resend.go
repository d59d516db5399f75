package delivery

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
)

const (
	// resendBatch is the number of deliveries that are reopened in one transaction, resendScan how many are considered for it at most.
	resendBatch = 500
	resendScan  = 5000
	// resendCall is how many are reopened before a caller gets its answer; the others follow in the background.
	resendCall = 10_000
	// resendEvery is how often a process looks for resends that nobody has continued for resendIdle.
	resendEvery = 2 * time.Second
	resendIdle  = 5 * time.Second
	// askedAgain is for how long a resend that a caller does not know to be finished is continued, or reported, by the same question.
	askedAgain = time.Hour
)

// Resend restarts the schedule of the matching deliveries that have ended, oldest first, under the same event ids. It reopens up to
// 10,000 and returns how many it did; more says that there are others, which follow in the background. Asking again with the same Match
// continues what is not finished, until more is false: no delivery is reopened twice by one resend, even if the process dies in between.
func (e *Engine) Resend(ctx context.Context, m Match) (count int64, more bool, err error) {
	id, err := openResend(ctx, e.db, m, e.now())
	if err != nil {
		return 0, false, err
	}
	for more = true; more && count < resendCall; {
		var n int
		if n, more, err = e.continueResend(ctx, id, min(resendBatch, resendCall-int(count))); err != nil {
			return 0, false, err
		}
		count += int64(n)
	}
	if !more {
		err = closeResend(ctx, e.db, id, e.now())
	}
	return count, more, err
}

// resendRest continues what callers have left, until ctx ends.
func (e *Engine) resendRest(ctx context.Context) error {
	due.Every(ctx, resendEvery, "send deliveries again", e.log, e.ResendNow)
	return nil
}

// ResendNow finishes all resends that nobody is continuing: neither a caller who waits for an answer nor another replica.
func (e *Engine) ResendNow(ctx context.Context) error {
	for ctx.Err() == nil {
		id, found, err := idleResend(ctx, e.db, e.now().Add(-resendIdle))
		if err != nil || !found {
			return err
		}
		for more := true; more && ctx.Err() == nil; {
			if _, more, err = e.continueResend(ctx, id, resendBatch); err != nil {
				return err
			}
		}
	}
	return nil
}

// continueResend reopens the next deliveries of a resend, at most limit, and notes in the same transaction where the next begin.
func (e *Engine) continueResend(ctx context.Context, id string, limit int) (n int, more bool, err error) {
	now := e.now()
	err = pgx.BeginFunc(ctx, e.db, func(tx pgx.Tx) error {
		r, err := lockResend(ctx, tx, id)
		if err != nil || r.finished {
			return err
		}
		scanned, err := r.scan(ctx, tx, resendScan)
		if err != nil {
			return err
		}
		ids, last := firstMatching(scanned, limit)
		if n, err = reopen(ctx, tx, ids, now); err != nil {
			return err
		}
		if err := probeNow(ctx, tx, ids, now); err != nil {
			return err
		}
		more = last < len(scanned) || len(scanned) == resendScan
		if last > 0 {
			r.last = &scanned[last-1].position
		}
		return noteResend(ctx, tx, r, n, more, now)
	})
	e.Wake()
	return n, more, err
}

// firstMatching returns the first limit matching ids, and how many rows were considered for them.
func firstMatching(rows []candidate, limit int) (ids []string, considered int) {
	for i, row := range rows {
		if len(ids) == limit {
			return ids, i
		}
		if row.Matches {
			ids = append(ids, row.ID)
		}
	}
	return ids, len(rows)
}
