package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Seen is what became known of a payment's or refund's money on the merchant's account.
type Seen struct {
	Reference string
	// At is when it came; nil: it was not seen, or what was seen is not its money.
	At *time.Time
	// Actor and Note are who says so and a remark.
	Actor, Note string
}

// NoteSeen records what became known of the money of payments and refunds, in the caller's transaction: their rows are locked,
// refunds before payments as everywhere, and each gets its history row and its event. A payment that waits for the merchant's word is completed
// first: its bank has given it. What changes nothing is left out. Wake the relay after the commit.
func (s *Store) NoteSeen(ctx context.Context, tx pgx.Tx, list []Seen, meta Meta) error {
	if len(list) == 0 {
		return nil
	}
	seen, references := make(map[string]Seen, len(list)), make([]string, len(list))
	for i, one := range list {
		seen[one.Reference], references[i] = one, one.Reference
	}
	locked, err := s.collect(tx.Query(ctx, `select `+columns+` from payments where reference = any ($1) order by kind desc, reference for update`, references))
	if err != nil {
		return err
	}
	batch := &seenBatch{store: s, meta: meta}
	for _, p := range locked {
		if p, err = s.confirmSeen(ctx, tx, p, seen[p.Reference], meta); err != nil {
			return err
		}
		if err := batch.add(p, seen[p.Reference]); err != nil {
			return err
		}
	}
	return batch.write(ctx, tx)
}

// confirmSeen completes a payment that waits for the merchant's word and was seen.
func (s *Store) confirmSeen(ctx context.Context, tx pgx.Tx, p payment.Payment, seen Seen, meta Meta) (payment.Payment, error) {
	if seen.At == nil || !p.AwaitingConfirmation() || p.PaidBy != "" {
		return p, nil
	}
	c, err := payment.Settle(p, payment.SettlementReport{MoneyReceived: true, Actor: seen.Actor, Note: seen.Note})
	if err != nil {
		return p, err
	}
	after := p
	return after, s.take(ctx, tx, p, &after, payment.Changed(c), meta)
}

// seenBatch collects the rows of many payments, which are written in one statement for each table.
type seenBatch struct {
	store                       *Store
	meta                        Meta
	references, actors, notes   []string
	merchants                   []string
	livemodes                   []bool
	statuses, details, failures []string
	sequences                   []int64
	// before is when they were settled until now.
	before, settled, unsettled []*time.Time
	updated                    time.Time
	events                     []events.Event
}

// add applies what was seen to a locked payment.
func (b *seenBatch) add(p payment.Payment, seen Seen) error {
	after := p
	c, ok := payment.Witness(&after, seen.At, b.store.clock())
	if !ok {
		return nil
	}
	c.Actor, c.Note = seen.Actor, seen.Note
	if err := after.Apply(p, c, b.store.clock()); err != nil {
		return err
	}
	b.references, b.actors, b.notes = append(b.references, p.Reference), append(b.actors, c.Actor), append(b.notes, c.Note)
	b.statuses, b.details, b.failures = append(b.statuses, string(c.To)), append(b.details, c.Detail), append(b.failures, c.Failure)
	b.sequences, b.updated = append(b.sequences, after.Sequence), after.UpdatedAt
	b.before, b.settled, b.unsettled = append(b.before, p.SettledAt), append(b.settled, after.SettledAt), append(b.unsettled, after.UnsettledAt)
	b.merchants, b.livemodes = append(b.merchants, p.MerchantID), append(b.livemodes, p.Livemode)
	if c.Event == "" || after.Unannounced() {
		return nil
	}
	e, err := event(after, p.Status, c, b.meta)
	if err != nil {
		return err
	}
	b.events = append(b.events, e)
	changes.WithLabelValues(c.Event).Inc()
	return nil
}

func (b *seenBatch) write(ctx context.Context, tx pgx.Tx) error {
	if len(b.references) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	b.queueList(batch)
	batch.Queue(`update payments p set settled_at = u.settled, unsettled_at = u.unsettled, sequence = u.sequence, updated_at = $5
		from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) u (reference, sequence, settled, unsettled)
		where p.reference = u.reference`, b.references, b.sequences, b.settled, b.unsettled, b.updated)
	batch.Queue(`insert into payment_history (reference, sequence, from_status, to_status, status_detail, failure_code, cause, occurred_at, actor, note, trace_id)
		select reference, sequence, status, status, detail, failure, $8, $9, actor, note, $10
		from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
			u (reference, sequence, status, detail, failure, actor, note)`,
		b.references, b.sequences, b.statuses, b.details, b.failures, b.actors, b.notes, payment.CauseSettlement, b.updated, trace.ID(ctx))
	batch.Queue(`select set_config('eupay.settlements_listed', '', true)`)
	outbox.QueueAll(ctx, batch, b.events)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("record what was seen of %d payments: %w", len(b.references), err)
	}
	return nil
}

// queueList brings the list of settled payments up to date in two statements, instead of the trigger of payments that does it for each row.
func (b *seenBatch) queueList(batch *pgx.Batch) {
	batch.Queue(`select set_config('eupay.settlements_listed', 'yes', true)`)
	if slices.ContainsFunc(b.before, func(t *time.Time) bool { return t != nil }) {
		batch.Queue(`delete from payment_settlements s using unnest($1::uuid[], $2::boolean[], $3::timestamptz[], $4::text[]) u (merchant, live, settled, reference)
			where s.merchant_id = u.merchant and s.livemode = u.live and s.settled_at = u.settled and s.reference = u.reference`,
			b.merchants, b.livemodes, b.before, b.references)
	}
	batch.Queue(`insert into payment_settlements (merchant_id, livemode, settled_at, reference)
		select * from unnest($1::uuid[], $2::boolean[], $3::timestamptz[], $4::text[]) u (merchant, live, settled, reference) where settled is not null`,
		b.merchants, b.livemodes, b.settled, b.references)
}

// All returns payments and refunds of any merchant, in the caller's transaction. Use it only for work that merchants cannot control.
func (s *Store) All(ctx context.Context, tx pgx.Tx, references []string) ([]payment.Payment, error) {
	return s.collect(tx.Query(ctx, `select `+columns+` from payments where reference = any ($1) order by reference`, references))
}
