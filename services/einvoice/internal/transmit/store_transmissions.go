package transmit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

const columns = `id, kind, subject, merchant_id, livemode, attempts`

// A claim moves the due time ahead, which makes it a lease: a worker that dies loses nothing. It walks the index from merchant to
// merchant, starting after the one whose turn was last, and takes the oldest transmission of each: a merchant with ten thousand
// waiting is served as often as one with a single one. The walk ends as soon as enough are found, and does not start if nothing
// is due. It takes 10 to 20 µs for each merchant with something waiting; with many thousands of them a table of turns would be
// needed.
const claimDueSQL = `with recursive turns (merchant_id) as (
	(select t.merchant_id from transmissions t where t.state = 'waiting' and t.livemode = $3 and t.merchant_id > $5
		and (select d.due_at from transmissions d where d.state = 'waiting' and d.livemode = $3 order by d.due_at limit 1) <= $4
		order by t.merchant_id limit 1)
	union all
	select (select t.merchant_id from transmissions t where t.state = 'waiting' and t.livemode = $3 and t.merchant_id > w.merchant_id
		order by t.merchant_id limit 1)
	from turns w where w.merchant_id is not null
), due as (
	select c.id from turns w cross join lateral (
		select t.id from transmissions t where t.state = 'waiting' and t.livemode = $3 and t.merchant_id = w.merchant_id and t.due_at <= $4
		order by t.due_at limit 1 for update skip locked
	) c where w.merchant_id is not null limit $6
), taken as (
	update transmissions set due_at = $1, lease = $2, resumed = false, attempts = attempts + 1
	where id = any (array (select id from due)) returning ` + columns + `
) select ` + columns + ` from taken order by merchant_id`

const claimOneSQL = `update transmissions set due_at = $1, lease = $2, resumed = false, attempts = attempts + 1
	where kind = $3 and subject = $4 and state = 'waiting' and (lease is null or due_at <= $5)
	returning ` + columns

func scan(row pgx.CollectableRow) (Transmission, error) {
	var t Transmission
	err := row.Scan(&t.ID, &t.Kind, &t.Subject, &t.MerchantID, &t.Livemode, &t.Attempts)
	return t, err
}

// firstDue is when the next transmission of a mode is due.
var firstDue = map[bool]string{
	true:  `select min(due_at) from transmissions where state = 'waiting' and livemode`,
	false: `select min(due_at) from transmissions where state = 'waiting' and not livemode`,
}

// claimDue claims at most limit, one for each merchant from the next turn on, in the order of turns.
func (e *Engine) claimDue(ctx context.Context, lease uuid.UUID, m *mode, limit int) ([]Transmission, error) {
	now := e.now()
	rows, err := e.pool.Query(ctx, claimDueSQL, now.Add(e.cfg.Lease), lease, m.livemode, now, m.after, limit)
	if err != nil {
		return nil, fmt.Errorf("claim due transmissions: %w", err)
	}
	due, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("claim due transmissions: %w", err)
	}
	return due, nil
}

// claimOne claims one that is waiting, due or not; ok is false if there is none or it is leased.
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

// leased reports whether an attempt is in progress.
func (e *Engine) leased(ctx context.Context, kind Kind, subject uuid.UUID) (busy bool, err error) {
	err = e.pool.QueryRow(ctx, `select exists (select from transmissions where kind = $1 and subject = $2 and state = 'waiting'
		and lease is not null and due_at > $3)`, string(kind), subject, e.now()).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look at transmission: %w", err)
	}
	return busy, nil
}

// finish records the result of an attempt. If the lease was lost, it records nothing.
func (e *Engine) finish(ctx context.Context, t Transmission, lease uuid.UUID, o outcome) error {
	tag, err := e.pool.Exec(ctx, `update transmissions set state = $3, ended_at = $5, attempts = $6, last_error = $7, lease = null, resumed = false,
		due_at = case when resumed and $3 = 'waiting' then least($8::timestamptz, $4::timestamptz) else $4 end where id = $1 and lease = $2`,
		t.ID, lease, o.state, o.dueAt, o.endedAt, o.attempts, o.problem, e.now())
	if err != nil {
		return fmt.Errorf("record transmission: %w", err)
	}
	if tag.RowsAffected() == 0 {
		e.log.Warn("transmission took longer than its lease", "kind", t.Kind, "subject", t.Subject, "outcome", o.state)
	}
	return nil
}

// Resume makes all waiting transmissions of a merchant due, for example because its mandate has become active. An attempt in
// progress is repeated if it has to wait. Wake the engine after the commit.
func Resume(ctx context.Context, db pg.DB, merchantID string, livemode bool, now time.Time) error {
	_, err := db.Exec(ctx, `update transmissions set resumed = lease is not null, due_at = case when lease is null then $3 else due_at end
		where merchant_id = $1 and livemode = $2 and state = 'waiting' and (lease is not null or due_at > $3)`, merchantID, livemode, now)
	if err != nil {
		return fmt.Errorf("resume transmissions: %w", err)
	}
	return nil
}

// Restart makes a waiting or stopped transmission due again; false if there is none or it is leased. Sent and dropped ones are
// not changed.
func Restart(ctx context.Context, db pg.DB, kind Kind, subject uuid.UUID, now time.Time) (bool, error) {
	tag, err := db.Exec(ctx, `update transmissions set state = 'waiting', due_at = $3, ended_at = null, lease = null
		where kind = $1 and subject = $2 and state in ('waiting', 'stopped') and (lease is null or due_at <= $3)`, string(kind), subject, now)
	if err != nil {
		return false, fmt.Errorf("restart transmission: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// Drop ends a transmission that is no longer needed; false if it was sent or is leased. If it returns true and its transaction
// commits, no attempt is in progress and none will start.
func Drop(ctx context.Context, db pg.DB, kind Kind, subject uuid.UUID, now time.Time) (bool, error) {
	tag, err := db.Exec(ctx, `update transmissions set state = 'dropped', due_at = null, ended_at = $3, lease = null, last_error = 'not needed any more'
		where kind = $1 and subject = $2 and state <> 'sent' and (lease is null or due_at <= $3)`, string(kind), subject, now)
	if err != nil {
		return false, fmt.Errorf("drop transmission: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

const addSQL = `insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
	values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, subject) do nothing`

func (t Transmission) row(now time.Time, hold time.Duration) []any {
	return []any{t.ID, string(t.Kind), t.Subject, t.MerchantID, t.Livemode, now.Add(hold), now}
}

// Add records a transmission in db, which must be the transaction of its cause. There is one for each kind and subject; adding it
// again changes nothing. hold keeps the engine's workers away for that long, for a caller that sends it at once with Engine.Do;
// 0: none.
func Add(ctx context.Context, db pg.DB, t Transmission, now time.Time, hold time.Duration) error {
	if _, err := db.Exec(ctx, addSQL, t.row(now, hold)...); err != nil {
		return fmt.Errorf("add transmission: %w", err)
	}
	return nil
}

// Queue is Add as part of a batch.
func Queue(b *pgx.Batch, t Transmission, now time.Time, hold time.Duration) {
	b.Queue(addSQL, t.row(now, hold)...)
}
