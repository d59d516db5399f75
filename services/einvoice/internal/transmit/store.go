package transmit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

const columns = `id, kind, subject, merchant_id, livemode, attempts`

// A claim moves the due time ahead, so it is a lease: a worker that dies loses nothing.
const claimDueSQL = `update transmissions set due_at = $1, lease = $2, attempts = attempts + 1
	where id in (select id from transmissions where state = 'waiting' and livemode = $3 and due_at <= $4
		order by due_at limit $5 for update skip locked)
	returning ` + columns

const claimOneSQL = `update transmissions set due_at = $1, lease = $2, attempts = attempts + 1
	where kind = $3 and subject = $4 and state = 'waiting' and (lease is null or due_at <= $5)
	returning ` + columns

func scan(row pgx.CollectableRow) (Transmission, error) {
	var t Transmission
	err := row.Scan(&t.ID, &t.Kind, &t.Subject, &t.MerchantID, &t.Livemode, &t.Attempts)
	return t, err
}

func (e *Engine) claimDue(ctx context.Context, lease uuid.UUID, livemode bool, limit int) ([]Transmission, error) {
	now := e.now()
	rows, err := e.pool.Query(ctx, claimDueSQL, now.Add(e.cfg.Lease), lease, livemode, now, limit)
	if err != nil {
		return nil, fmt.Errorf("claim due transmissions: %w", err)
	}
	due, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("claim due transmissions: %w", err)
	}
	return due, nil
}

// claimOne takes one that waits, due or not; false when there is none, or somebody has it.
func (e *Engine) claimOne(ctx context.Context, lease uuid.UUID, kind Kind, subject uuid.UUID) (Transmission, bool, error) {
	now := e.now()
	rows, err := e.pool.Query(ctx, claimOneSQL, now.Add(e.cfg.Lease), lease, string(kind), subject, now)
	if err != nil {
		return Transmission{}, false, fmt.Errorf("claim transmission: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Transmission{}, false, nil
	}
	if err != nil {
		return Transmission{}, false, fmt.Errorf("claim transmission: %w", err)
	}
	return t, true, nil
}

// finish records what came of an attempt. Whoever lost the lease meanwhile records nothing.
func (e *Engine) finish(ctx context.Context, t Transmission, lease uuid.UUID, o outcome) error {
	_, err := e.pool.Exec(ctx, `update transmissions
		set state = $3, due_at = $4, ended_at = $5, attempts = $6, last_error = $7, lease = null where id = $1 and lease = $2`,
		t.ID, lease, o.state, o.dueAt, o.endedAt, o.attempts, o.problem)
	if err != nil {
		return fmt.Errorf("record transmission: %w", err)
	}
	return nil
}

// Resume makes everything of a merchant due that waits, for example because its mandate has become active. Wake the engine
// after the commit.
func Resume(ctx context.Context, db pg.DB, merchantID string, livemode bool, now time.Time) error {
	_, err := db.Exec(ctx, `update transmissions set due_at = $3
		where merchant_id = $1 and livemode = $2 and state = 'waiting' and lease is null and due_at > $3`, merchantID, livemode, now)
	if err != nil {
		return fmt.Errorf("resume transmissions: %w", err)
	}
	return nil
}

// Restart makes one due again that waits or was stopped; false when there is none. One that was sent stays so.
func Restart(ctx context.Context, db pg.DB, kind Kind, subject uuid.UUID, now time.Time) (bool, error) {
	tag, err := db.Exec(ctx, `update transmissions set state = 'waiting', due_at = $3, ended_at = null, lease = null
		where kind = $1 and subject = $2 and state <> 'sent' and (lease is null or due_at <= $3)`, string(kind), subject, now)
	if err != nil {
		return false, fmt.Errorf("restart transmission: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// Drop ends one that need not be sent any more; false when it was sent, or somebody has it right now.
func Drop(ctx context.Context, db pg.DB, kind Kind, subject uuid.UUID, now time.Time) (bool, error) {
	tag, err := db.Exec(ctx, `update transmissions set state = 'stopped', due_at = null, ended_at = $3, lease = null, last_error = 'not needed any more'
		where kind = $1 and subject = $2 and state <> 'sent' and (lease is null or due_at <= $3)`, string(kind), subject, now)
	if err != nil {
		return false, fmt.Errorf("drop transmission: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}
