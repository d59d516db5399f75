package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// openSQL records the provider's answer to a create with its history row and event, if the payment has not changed since it was recorded.
const openSQL = `with opened as (update payments set status = 'pending_sca', status_detail = $2, sequence = 2, provider_payment_id = $3,
		provider_state = $4, payment_url = $5, requested_at = null, due_at = $6, quiet_polls = $7, updated_at = $8
		where reference = $1 and sequence = 1 and status = 'pending' and provider_payment_id is null and not cancel_requested
		and paid_by is null and received_by = '' and own_session = 'open' returning reference),
	noted as (insert into payment_history (reference, sequence, from_status, to_status, status_detail, cause, provider_state,
		provider_raw_key_id, provider_raw_sealed, occurred_at, trace_id)
		select reference, 2, $9, 'pending_sca', $2, $10, $4, $11, $12::bytea, $8::timestamptz, $13 from opened)
	insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data)
		select $14::uuid, $15, $16, $17, $18::boolean, $19::timestamptz, $20, $21, $22::bytea from opened`

// Open moves a payment from pending to pending_sca in one round trip, which is sufficient for nearly every payment. p has the
// provider's fields set; c is the change to pending_sca. If the payment has changed since it was recorded, nothing is written and
// opened is false: Update then decides under the payment's lock.
func (s *Store) Open(ctx context.Context, p payment.Payment, c payment.Change, meta Meta) (after payment.Payment, opened bool, err error) {
	after = p
	after.Status, after.Detail, after.Sequence, after.UpdatedAt = c.To, c.Detail, 2, s.clock()
	after.ProviderState, after.RequestedAt = c.ProviderState, nil
	e, err := event(after, p.Status, c, meta)
	if err != nil {
		return p, false, err
	}
	e.Trace = trace.Parent(ctx)
	answer := s.sealAnswer(c.ProviderRaw, after.Reference, after.Sequence)
	err = s.group.do(ctx, func(b *pgx.Batch) {
		b.Queue(openSQL, after.Reference, after.Detail, after.ProviderID, after.ProviderState, after.PaymentURL,
			after.DueAt, after.QuietPolls, after.UpdatedAt, p.Status, c.Cause, answer.keyID, answer.data, trace.ID(ctx),
			e.ID, e.Type, e.Source, e.Merchant, e.Livemode, e.Time, e.Trace, e.RequestID, e.Data,
		).Exec(func(tag pgconn.CommandTag) error {
			opened = tag.RowsAffected() == 1
			return nil
		})
	})
	if err != nil {
		if isUniqueViolation(err) {
			return p, false, nil
		}
		return p, false, fmt.Errorf("open payment %s: %w", p.Reference, err)
	}
	if !opened {
		return p, false, nil
	}
	changes.WithLabelValues(c.Event).Inc()
	s.wake()
	return after, true, nil
}
