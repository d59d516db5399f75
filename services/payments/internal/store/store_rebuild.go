package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Told is an event of the stream about a payment, with the change that it announced.
type Told struct {
	Event events.Event
	// Stream is its sequence in the stream.
	Stream   uint64
	Sequence int64
	From     payment.Status
	Change   payment.Change
	At       time.Time
}

// CauseRebuilt is the cause of history rows that were read from the event stream.
const CauseRebuilt = "rebuilt"

// Rebuild records what the stream knows and the database does not: p, as the newest event says, and its history. Nothing is
// announced again: the events were published. If the database knows as much, only events that it holds as unpublished are marked.
func (s *Store) Rebuild(ctx context.Context, p payment.Payment, told []Told) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		known, err := s.lock(ctx, tx, p.Reference)
		switch {
		case errors.Is(err, ErrNotFound):
			err = s.insertAgain(ctx, tx, p) // known has no history
		case err == nil && known.Sequence < p.Sequence:
			err = s.write(ctx, tx, p, known.Sequence)
		case err == nil:
			return markPublished(ctx, tx, told)
		}
		if err != nil {
			return err
		}
		if err := s.rebuildHistory(ctx, tx, p, known.Sequence, told); err != nil {
			return err
		}
		return reserveAgain(ctx, tx, p)
	})
}

// insertAgain inserts the payment as it was created, and then as it is.
func (s *Store) insertAgain(ctx context.Context, tx pgx.Tx, p payment.Payment) error {
	first := p
	first.RequestedAt, first.DueAt = &p.CreatedAt, &p.CreatedAt
	if _, err := tx.Exec(ctx, insertSQL, s.insertArguments(first)...); err != nil {
		return fmt.Errorf("insert payment %s again: %w", p.Reference, err)
	}
	return s.write(ctx, tx, p, 1)
}

func (s *Store) rebuildHistory(ctx context.Context, tx pgx.Tx, p payment.Payment, after int64, told []Told) error {
	b := &pgx.Batch{}
	for _, t := range told {
		if t.Sequence > after {
			then := p
			then.Sequence, then.UpdatedAt = t.Sequence, t.At
			s.queueHistory(b, then, t.From, t.Change, trace.IDOf(t.Event.Trace))
		}
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write the history of payment %s: %w", p.Reference, err)
	}
	return keepPublished(ctx, tx, told)
}

// keepPublished puts the events into the outbox as published, so that they are published again if the stream loses them.
func keepPublished(ctx context.Context, tx pg.DB, told []Told) error {
	if err := markPublished(ctx, tx, told); err != nil {
		return err
	}
	have, err := inOutbox(ctx, tx, told)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, t := range told {
		if e := t.Event; !have[e.ID] {
			b.Queue(`insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data, published_at, sequence)
				values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $6, $10)`,
				e.ID, e.Type, e.Source, e.Merchant, e.Livemode, e.Time, e.Trace, e.RequestID, e.Data, int64(t.Stream))
		}
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("fill the outbox: %w", err)
	}
	return nil
}

func inOutbox(ctx context.Context, tx pg.DB, told []Told) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `select event_id::text from outbox where event_id = any($1)`, ids(told))
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	have := make(map[string]bool, len(list))
	for _, id := range list {
		have[id] = true
	}
	return have, err
}

// markPublished keeps the relay from publishing again what the stream has: it had been published after the backup was made.
func markPublished(ctx context.Context, tx pg.DB, told []Told) error {
	b := &pgx.Batch{}
	for _, t := range told {
		b.Queue(`update outbox set published_at = $2, sequence = $3 where event_id = $1 and published_at is null`, uuid.MustParse(t.Event.ID), t.Event.Time, int64(t.Stream))
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("mark events as published: %w", err)
	}
	return nil
}

func ids(told []Told) []uuid.UUID {
	list := make([]uuid.UUID, 0, len(told))
	for _, t := range told {
		list = append(list, uuid.MustParse(t.Event.ID))
	}
	return list
}

// reserveAgain reserves on the original what its refunds give back or have given back.
func reserveAgain(ctx context.Context, tx pg.DB, p payment.Payment) error {
	if p.Kind != payment.KindRefund {
		return nil
	}
	_, err := tx.Exec(ctx, `update payments set amount_reserved_cents = greatest(amount_refunded_cents, (select coalesce(sum(amount_cents), 0)
		from payments r where r.original_reference = $1 and r.status not in ('failed', 'cancelled'))) where reference = $1`, p.OriginalReference)
	if err != nil {
		return fmt.Errorf("reserve the refund %s again: %w", p.Reference, err)
	}
	return nil
}

// Idle reports whether no replica of the service works: nobody holds a lease.
func (s *Store) Idle(ctx context.Context) (bool, error) {
	var idle bool
	err := s.pool.QueryRow(ctx, `select not exists (select from leadership where expires_at > now())`).Scan(&idle)
	if err != nil {
		return false, fmt.Errorf("look for leaders: %w", err)
	}
	return idle, nil
}
