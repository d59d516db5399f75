package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Update locks the payment, calls fn and writes the step that fn returns. fn may set the provider's fields, the payer, the due
// time, the counters, CancelRequested, the holder and the session; status, detail, failure and sequence change only through the
// step's Change. It returns the updated payment.
func (s *Store) Update(ctx context.Context, reference string, meta Meta, fn func(p *payment.Payment) payment.Step) (payment.Payment, error) {
	var after payment.Payment
	err := s.locked(ctx, reference, func(tx pg.DB, p payment.Payment) error {
		after = p
		step := fn(&after)
		if !step.Writes() {
			after = p
			return nil
		}
		return s.take(ctx, tx, p, &after, step, meta)
	})
	return after, err
}

// rollbackTime is the deadline of the rollback after an error. If it fails, the connection is closed.
const rollbackTime = 2 * time.Second

// locked runs fn in a transaction that locks the payment's row, and wakes the relay after the commit. The transaction begins in
// the same round trip that reads the row.
func (s *Store) locked(ctx context.Context, reference string, fn func(tx pg.DB, p payment.Payment) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get a connection: %w", err)
	}
	defer conn.Release() // closes a connection whose transaction is still open
	var p payment.Payment
	b := &pgx.Batch{}
	b.Queue(`begin`)
	b.Queue(`select `+columns+` from payments where reference = $1 for update`, reference).QueryRow(func(row pgx.Row) error {
		p, err = s.scan(row)
		return err
	})
	if err = conn.SendBatch(ctx, b).Close(); err == nil {
		err = fn(conn, p)
	}
	if err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
		defer cancel()
		_, undoErr := conn.Exec(undo, `rollback`)
		return errors.Join(err, undoErr)
	}
	tag, err := conn.Exec(ctx, `commit`)
	if err != nil {
		return fmt.Errorf("commit change of payment %s: %w", reference, err)
	}
	if tag.String() != "COMMIT" {
		return fmt.Errorf("commit change of payment %s: it was rolled back", reference)
	}
	s.wake()
	return nil
}

// lock reads a payment and holds its row until the transaction ends.
func (s *Store) lock(ctx context.Context, tx pg.DB, reference string) (payment.Payment, error) {
	return s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1 for update`, reference))
}

// take writes the step that made after of before, whose row is locked.
func (s *Store) take(ctx context.Context, tx pg.DB, before payment.Payment, after *payment.Payment, step payment.Step, meta Meta) error {
	c, changed := step.Change()
	switch {
	case changed:
		return s.apply(ctx, tx, before, after, c, meta)
	case step.Writes():
		return s.write(ctx, tx, *after, before.Sequence)
	default:
		return nil
	}
}

// apply writes a change with its history and event, and what it means for another payment.
func (s *Store) apply(ctx context.Context, tx pg.DB, before payment.Payment, after *payment.Payment, c payment.Change, meta Meta) error {
	if err := after.Apply(before, c, s.clock()); err != nil {
		return err
	}
	b := &pgx.Batch{}
	s.queueWrite(b, *after, before.Sequence)
	if err := s.queueRecord(ctx, b, *after, before.Status, c, meta); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("change payment %s: %w", after.Reference, err)
	}
	switch after.Reaches(before) {
	case payment.Original:
		return s.settleOriginal(ctx, tx, *after, meta)
	case payment.Gateway:
		return s.settleGateway(ctx, tx, *after, c, meta)
	case payment.GatewayDetail:
		return s.mirror(ctx, tx, *after, c, meta)
	case payment.Subscription:
		return s.onMandate(ctx, tx, *after, c)
	default:
		return nil
	}
}

// write updates the columns that may change, provided that the sequence is still the one the change started from.
func (s *Store) write(ctx context.Context, tx pg.DB, p payment.Payment, from int64) error {
	b := &pgx.Batch{}
	s.queueWrite(b, p, from)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("update payment %s: %w", p.Reference, err)
	}
	return nil
}

func (s *Store) queueWrite(b *pgx.Batch, p payment.Payment, from int64) {
	if p.Kind == payment.KindPayment && p.Status.Final() {
		p.Payer.Identity = p.Payer.Identity.NameOnly()
	}
	payer := s.seal(p.Payer.IBAN, payerOwner(p.Reference))
	b.Queue(`update payments set status = $3, status_detail = $4, failure_code = $5, sequence = $6,
		provider_payment_id = $7, provider_state = $8, payment_url = $9, requested_at = $10, cancel_requested = $11,
		amount_refunded_cents = $12, amount_reserved_cents = $13, due_at = $14, quiet_polls = $15, updated_at = $16,
		completed_at = $17, stalled_at = $18, payer_name = $19, payer_iban = '', payer_iban_key_id = $20, payer_iban_sealed = $36, payer_bic = $21, customer_id = $22,
		paid_by = $23, received_by = $24, received_at = $25, received_note = $26, own_session = $27,
		settle_by = $28, approval_url = $29, creates = $30, lookups = $31, late_cents = nullif($32::bigint, 0), late_at = $33, late_booked_at = $34,
		payer_identity = $35, bank_id = $37, settlement = $38, settled_at = $39, unsettled_at = $40
		where reference = $1 and sequence = $2`,
		p.Reference, from, p.Status, p.Detail, p.Failure, p.Sequence,
		nullable(p.ProviderID), p.ProviderState, p.PaymentURL, p.RequestedAt, p.CancelRequested,
		p.AmountRefunded, p.AmountReserved, p.DueAt, p.QuietPolls, p.UpdatedAt,
		p.CompletedAt, p.StalledAt, p.Payer.Name, payer.keyID, p.Payer.BIC, p.CustomerID,
		nullable(p.PaidBy), p.Received.By, p.Received.At, p.Received.Note, p.OwnSession,
		p.SettleBy, p.ApprovalURL, p.Creates, p.Lookups, p.Late.Amount, p.Late.At, p.Late.BookedAt, p.Payer.Identity, payer.data, nullable(p.BankID), p.Settlement,
		p.SettledAt, p.UnsettledAt,
	).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return errors.New("it changed concurrently")
		}
		return nil
	})
}

// record inserts the history row and, if the change is announced, the event.
func (s *Store) record(ctx context.Context, tx pg.DB, p payment.Payment, from payment.Status, c payment.Change, meta Meta) error {
	b := &pgx.Batch{}
	if err := s.queueRecord(ctx, b, p, from, c, meta); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record change %d of payment %s: %w", p.Sequence, p.Reference, err)
	}
	return nil
}

func (s *Store) queueRecord(ctx context.Context, b *pgx.Batch, p payment.Payment, from payment.Status, c payment.Change, meta Meta) error {
	s.queueHistory(b, p, from, c, trace.ID(ctx))
	if c.Event != "" && !p.Unannounced() {
		e, err := event(p, from, c, meta)
		if err != nil {
			return err
		}
		outbox.Queue(ctx, b, e)
		changes.WithLabelValues(c.Event).Inc()
	}
	return nil
}

func (s *Store) queueHistory(b *pgx.Batch, p payment.Payment, from payment.Status, c payment.Change, traceID string) {
	answer := s.sealAnswer(c.ProviderRaw, p.Reference, p.Sequence)
	b.Queue(`insert into payment_history (reference, sequence, from_status, to_status, status_detail, failure_code, cause,
		provider_state, provider_raw_key_id, provider_raw_sealed, occurred_at, actor, note, trace_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		p.Reference, p.Sequence, from, c.To, c.Detail, c.Failure, c.Cause, c.ProviderState, answer.keyID, answer.data, p.UpdatedAt, c.Actor, c.Note, traceID)
}

func event(p payment.Payment, from payment.Status, c payment.Change, meta Meta) (events.Event, error) {
	data, err := proto.Marshal(&eventsv1.PaymentChanged{
		Payment: p.Proto(), PreviousStatus: string(from), OccurredAt: timestamppb.New(p.UpdatedAt),
		RefundReference: c.Refund, RefundAmountCents: int64(c.RefundAmount),
	})
	if err != nil {
		return events.Event{}, fmt.Errorf("encode event %s: %w", c.Event, err)
	}
	return events.Event{
		ID: events.NewID(), Type: c.Event, Source: "payments", Merchant: p.MerchantID, Livemode: p.Livemode,
		Time: p.UpdatedAt, RequestID: meta.RequestID, Data: data,
	}, nil
}
