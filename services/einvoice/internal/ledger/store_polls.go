package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// newestStep returns the platform's time of the newest recorded step that says something about the document; the zero time if there
// is none.
func newestStep(ctx context.Context, tx pgx.Tx, r *Record) (newest time.Time, err error) {
	steps, err := stepsOf(ctx, tx, r.ID)
	if err != nil {
		return time.Time{}, err
	}
	for _, s := range steps {
		if !isSecondDelivery(s) {
			newest = s.At
		}
	}
	return newest, nil
}

// stepsOf returns the recorded steps of a document, oldest first.
func stepsOf(ctx context.Context, db pg.DB, id uuid.UUID) ([]platform.Event, error) {
	rows, err := db.Query(ctx, `select event_id, code, emitter, reason_code, reason, occurred_at
		from lifecycle_events where invoice_id = $1 order by occurred_at, code`, id)
	if err != nil {
		return nil, fmt.Errorf("read lifecycle: %w", err)
	}
	steps, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s platform.Event, err error) {
		err = row.Scan(&s.ID, &s.Code, &s.Emitter, &s.ReasonCode, &s.Reason, &s.At)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read lifecycle: %w", err)
	}
	return steps, nil
}

// wasRefused reports whether a document was refused or rejected. Then nothing more about it is sent: its corrections stay in the
// seller's own books (DGFiP specifications v3.2, table 8).
func wasRefused(ctx context.Context, db pg.DB, id uuid.UUID) (bool, error) {
	steps, err := stepsOf(ctx, db, id)
	return slices.ContainsFunc(steps, isRefusal), err
}

// insertStep records a step. It returns false if it was recorded before.
func insertStep(ctx context.Context, tx pgx.Tx, r *Record, s platform.Event, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into lifecycle_events (invoice_id, event_id, code, emitter, reason_code, reason, occurred_at, recorded_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`, r.ID, s.ID, s.Code, s.Emitter, s.ReasonCode, s.Reason, s.At, now)
	if err != nil {
		return false, fmt.Errorf("record step %d of %s: %w", s.Code, r.Number, err)
	}
	return tag.RowsAffected() == 1, nil
}

// schedulePoll records a poll and when the next one is due; nil for none.
func schedulePoll(ctx context.Context, tx pgx.Tx, r *Record, at *time.Time, polls int, now time.Time) error {
	_, err := tx.Exec(ctx, `update invoices set poll_at = $2, polls = $3, polled_at = $4 where id = $1`, r.ID, at, polls, now)
	if err != nil {
		return fmt.Errorf("schedule the next poll of %s: %w", r.Number, err)
	}
	return nil
}

// pollNow makes a document due to be polled.
func (l *Ledger) pollNow(ctx context.Context, id uuid.UUID) error {
	_, err := l.Pool.Exec(ctx, `update invoices set poll_at = $2 where id = $1`, id, l.instant())
	if err != nil {
		return fmt.Errorf("schedule a read of the step: %w", err)
	}
	return nil
}

// claimRead reports whether a reader may call the platform about a document now.
func (l *Ledger) claimRead(ctx context.Context, id uuid.UUID) bool {
	now := l.instant()
	tag, err := l.Pool.Exec(ctx, `update invoices set polled_at = $2 where id = $1 and (polled_at is null or polled_at <= $3)`, id, now, now.Add(-minPollInterval))
	return err == nil && tag.RowsAffected() == 1
}

// recordHint makes a document of the platform due to be polled.
func (l *Ledger) recordHint(ctx context.Context, livemode bool, platformInvoiceID string) error {
	_, err := l.Pool.Exec(ctx, hintSQL, platformInvoiceID, livemode, l.instant())
	if err != nil {
		return fmt.Errorf("record hint: %w", err)
	}
	return nil
}

const claimPollSQL = `update invoices set poll_at = $1 where id = any (array (
	select id from invoices where livemode = $3 and poll_at <= $2 order by poll_at limit $4 for update skip locked)) returning id`

// nextPoll is when the next document of a mode is to be read.
var nextPoll = map[bool]string{
	true:  `select min(poll_at) from invoices where livemode and poll_at is not null`,
	false: `select min(poll_at) from invoices where not livemode and poll_at is not null`,
}

// claimPolls claims due documents. The claim moves the due time ahead, which makes it a lease.
func (l *Ledger) claimPolls(ctx context.Context, livemode bool, limit int) ([]uuid.UUID, error) {
	now := l.instant()
	rows, err := l.Pool.Query(ctx, claimPollSQL, now.Add(2*pollTimeout), now, livemode, limit)
	if err != nil {
		return nil, fmt.Errorf("claim documents to poll: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

const hintSQL = `update invoices set poll_at = $3 where platform_invoice_id = $1 and platform_invoice_id <> '' and livemode = $2`
