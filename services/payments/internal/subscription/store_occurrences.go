package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// key identifies an occurrence.
type key struct {
	ID     string
	Number int
}

const occurrenceColumns = `subscription_id, number, nominal_date, execution_date, status, evidence, evidence_reference,
	payment_link_id, payment_link_url, reminders, due_at, decided_at`

func scanOccurrence(row pgx.CollectableRow) (o Occurrence, err error) {
	err = row.Scan(&o.SubscriptionID, &o.Number, &o.Date, &o.Execution, &o.Status, &o.Evidence, &o.EvidenceReference,
		&o.LinkID, &o.LinkURL, &o.Reminders, &o.DueAt, &o.DecidedAt)
	return o, err
}

func collect(rows pgx.Rows, err error) ([]Occurrence, error) {
	if err != nil {
		return nil, fmt.Errorf("read occurrences: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanOccurrence)
	if err != nil {
		return nil, fmt.Errorf("read occurrences: %w", err)
	}
	return all, nil
}

func one(all []Occurrence, err error) (Occurrence, error) {
	if err == nil && len(all) == 0 {
		err = errNotFound
	}
	if err != nil {
		return Occurrence{}, err
	}
	return all[0], nil
}

// occurrence reads an occurrence. Lock its subscription before a change.
func occurrence(ctx context.Context, db pg.DB, k key) (Occurrence, error) {
	return one(collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences where subscription_id = $1 and number = $2`, k.ID, k.Number)))
}

// ofLink returns the occurrence that a payment link collects.
func ofLink(ctx context.Context, db pg.DB, link string) (Occurrence, error) {
	return one(collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences where payment_link_id = $1`, link)))
}

// undecided returns the occurrences of a subscription with one of the statuses whose execution day is in a period, the bounds included.
func undecided(ctx context.Context, db pg.DB, id string, statuses []OccurrenceStatus, from, to time.Time) ([]Occurrence, error) {
	return collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences
		where subscription_id = $1 and status = any ($2) and execution_date between $3 and $4 order by number`, id, statuses, from, to))
}

// expectedAfter returns the expected occurrences whose day is after a day.
func expectedAfter(ctx context.Context, db pg.DB, id string, day time.Time) ([]Occurrence, error) {
	return collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences
		where subscription_id = $1 and status = 'expected' and execution_date > $2 order by number`, id, day))
}

// evidenced returns the occurrence that a reference shows to be paid.
func evidenced(ctx context.Context, db pg.DB, id string, by Evidence, reference string) (Occurrence, error) {
	return one(collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences
		where subscription_id = $1 and status = 'paid' and evidence = $2 and evidence_reference = $3 order by number limit 1`, id, by, reference)))
}

// nextExpected returns the first occurrence that is still expected on a day or later; ok is false if there is none.
func nextExpected(ctx context.Context, db pg.DB, id string, day time.Time) (o Occurrence, ok bool, err error) {
	o, err = one(collect(db.Query(ctx, `select `+occurrenceColumns+` from subscription_occurrences
		where subscription_id = $1 and status = 'expected' and execution_date >= $2 order by number limit 1`, id, day)))
	if errors.Is(err, errNotFound) {
		return Occurrence{}, false, nil
	}
	return o, err == nil, err
}

// hasExpected reports whether an occurrence is still undecided.
func hasExpected(ctx context.Context, db pg.DB, id string) (has bool, err error) {
	err = db.QueryRow(ctx, `select exists (select from subscription_occurrences where subscription_id = $1 and status = 'expected')`, id).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for expected occurrences of %s: %w", id, err)
	}
	return has, nil
}

// writeOccurrence writes an occurrence, also a new one. Its subscription is locked.
func writeOccurrence(ctx context.Context, tx pg.DB, o Occurrence) error {
	_, err := tx.Exec(ctx, `insert into subscription_occurrences (`+occurrenceColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (subscription_id, number) do update set status = $5, evidence = $6, evidence_reference = $7, payment_link_id = $8, payment_link_url = $9,
		reminders = $10, due_at = $11, decided_at = $12`,
		o.SubscriptionID, o.Number, o.Date, o.Execution, o.Status, o.Evidence, o.EvidenceReference, o.LinkID, o.LinkURL, o.Reminders, o.DueAt, o.DecidedAt)
	if err != nil {
		return fmt.Errorf("write occurrence %d of subscription %s: %w", o.Number, o.SubscriptionID, err)
	}
	return nil
}

// forget deletes the plan of an occurrence that nobody was told of: its subscription ended before.
func forget(ctx context.Context, tx pg.DB, o Occurrence) error {
	_, err := tx.Exec(ctx, `delete from subscription_occurrences where subscription_id = $1 and number = $2 and status = 'expected'`, o.SubscriptionID, o.Number)
	if err != nil {
		return fmt.Errorf("delete occurrence %d of subscription %s: %w", o.Number, o.SubscriptionID, err)
	}
	return nil
}

// firstOccurrence is when the next occurrence is due.
const firstOccurrence = `select min(due_at) from subscription_occurrences where due_at is not null`

// claimOccurrences claims due occurrences and moves their due time ahead by the lease.
func (r *Room) claimOccurrences(ctx context.Context, limit int) ([]key, error) {
	now := r.clock()
	rows, err := r.Pool.Query(ctx, `update subscription_occurrences set due_at = $2
		where (subscription_id, number) in (select subscription_id, number from subscription_occurrences
			where due_at <= $1 order by due_at limit $3 for update skip locked) returning subscription_id, number`, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim occurrences: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[key])
}

// listOccurrences returns one page of the occurrences that have a row, and how many there are in all, at most
// tally.Most.
func listOccurrences(ctx context.Context, db pg.Reader, id, status string, page, limit int) (occurrences []Occurrence, total tally.Total, err error) {
	const where = `from subscription_occurrences where subscription_id = $1 and ($2 = '' or status = $2)`
	if total, err = tally.AtMost(ctx, db, where, id, status); err != nil {
		return nil, total, fmt.Errorf("count occurrences: %w", err)
	}
	occurrences, err = collect(db.Query(ctx, `select `+occurrenceColumns+" "+where+` order by number limit $3 offset $4`, id, status, limit, (page-1)*limit))
	return occurrences, total, err
}
