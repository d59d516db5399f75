package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

// position is where a delivery is in the order in which deliveries are sent again.
type position struct {
	CreatedAt time.Time
	ID        string
}

// candidate is a delivery that a resend considers.
type candidate struct {
	position
	Matches bool
}

// resend is a resend that this transaction has locked.
type resend struct {
	id       string
	match    Match
	askedAt  time.Time
	last     *position
	finished bool
}

// openResend returns the resend that this question continues, or begins one.
func openResend(ctx context.Context, db pg.DB, m Match, now time.Time) (id string, err error) {
	filter, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write filter: %w", err)
	}
	b := &pgx.Batch{} // one implicit transaction
	b.Queue(`update resends set told_at = $5 where merchant_id = $1 and livemode = $2 and md5(filter) = md5($3) and told_at is null
		and finished_at is not null and touched_at < $4`, m.Merchant, m.Livemode, string(filter), now.Add(-askedAgain), now)
	b.Queue(`insert into resends (id, merchant_id, livemode, filter, asked_at, touched_at) values ($1, $2, $3, $4, $5, $5)
		on conflict (merchant_id, livemode, md5(filter)) where told_at is null do update set touched_at = excluded.touched_at
		returning id::text`, events.NewID(), m.Merchant, m.Livemode, string(filter), now).QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return "", fmt.Errorf("begin to send again: %w", err)
	}
	return id, nil
}

// closeResend notes that a caller knows the resend to be finished.
func closeResend(ctx context.Context, db pg.DB, id string, now time.Time) error {
	if _, err := db.Exec(ctx, `update resends set told_at = $2 where id = $1 and told_at is null`, id, now); err != nil {
		return fmt.Errorf("end a resend: %w", err)
	}
	return nil
}

// idleResend returns the unfinished resend that has waited longest, since before that time.
func idleResend(ctx context.Context, db pg.DB, before time.Time) (id string, found bool, err error) {
	err = db.QueryRow(ctx, `select id::text from resends where finished_at is null and touched_at <= $1 order by touched_at limit 1`, before).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find resends: %w", err)
	}
	return id, true, nil
}

// lockResend locks a resend until tx ends, and makes the planner use the indexes in whose order deliveries are considered.
func lockResend(ctx context.Context, tx pgx.Tx, id string) (r resend, err error) {
	if _, err := tx.Exec(ctx, claimPinSQL); err != nil {
		return r, fmt.Errorf("pin the plans of a resend: %w", err)
	}
	var (
		filter  []byte
		created *time.Time
		last    *string
	)
	err = tx.QueryRow(ctx, `select id::text, filter, asked_at, last_created, last_id::text, finished_at is not null from resends where id = $1 for update`, id).
		Scan(&r.id, &filter, &r.askedAt, &created, &last, &r.finished)
	if err != nil {
		return r, fmt.Errorf("lock a resend: %w", err)
	}
	if created != nil && last != nil {
		r.last = &position{*created, *last}
	}
	if err := json.Unmarshal(filter, &r.match); err != nil {
		return r, fmt.Errorf("read the filter of a resend: %w", err)
	}
	return r, nil
}

// noteResend records where a resend stands.
func noteResend(ctx context.Context, tx pgx.Tx, r resend, n int, more bool, now time.Time) error {
	var (
		created  *time.Time
		last     *string
		finished *time.Time
	)
	if r.last != nil {
		created, last = &r.last.CreatedAt, &r.last.ID
	}
	if !more {
		finished = &now
	}
	_, err := tx.Exec(ctx, `update resends set last_created = $2, last_id = $3, count = count + $4, finished_at = $5, touched_at = $6 where id = $1`,
		r.id, created, last, n, finished, now)
	if err != nil {
		return fmt.Errorf("note the progress of a resend: %w", err)
	}
	return nil
}

// scan returns the next limit deliveries in the order of the index of their status, and which of them match. Those of other endpoints and
// types are read as well, because a batch must not search for long: the next one begins after the last that was considered.
func (r resend) scan(ctx context.Context, db pg.Reader, limit int) ([]candidate, error) {
	m, c := r.match, &conditions{}
	c.add("d.merchant_id = $%d", m.Merchant)
	c.add("d.livemode = $%d", m.Livemode)
	c.equal("d.reference", m.Reference)
	c.between("d.created_at", m.Created)
	if r.last != nil {
		c.after("d.created_at, d.id", r.last.CreatedAt, r.last.ID)
	}
	c.add("d.finished_at <= $%d", r.askedAt)
	where, _ := c.where()
	parts := make([]string, len(m.Statuses))
	for i, status := range m.Statuses {
		is, err := statusIs(status)
		if err != nil {
			return nil, err
		}
		parts[i] = fmt.Sprintf(`(select d.id, d.created_at, d.endpoint_id, d.event_type from deliveries d where %s and %s order by d.created_at, d.id limit %d)`,
			is, where, limit)
	}
	matches := &conditions{args: c.args}
	matches.add("x.event_type <> $%d", TestEvent)
	matches.equal("x.endpoint_id", m.EndpointID)
	matches.equal("x.event_type", m.EventType)
	condition, args := matches.where()
	rows, err := db.Query(ctx, fmt.Sprintf(`select x.created_at, x.id::text, %s and exists (
			select from endpoints e where e.id = x.endpoint_id and e.enabled and e.deleted_at is null)
		from (%s) x order by x.created_at, x.id limit %d`, condition, strings.Join(parts, " union all "), limit), args...)
	if err != nil {
		return nil, fmt.Errorf("find deliveries to send again: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c candidate, err error) {
		return c, row.Scan(&c.CreatedAt, &c.ID, &c.Matches)
	})
	if err != nil {
		return nil, fmt.Errorf("find deliveries to send again: %w", err)
	}
	return list, nil
}

// statusIs names the status in the text of the query, because an index serves only some.
func statusIs(status string) (string, error) {
	switch status {
	case Delivered, Exhausted, Missed:
		return "d.status = '" + status + "'", nil
	default:
		return "", fmt.Errorf("deliveries that are %q cannot be sent again", status)
	}
}
