package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// openSQL records the provider's answer to a create, if the payment has not changed since it was recorded.
const openSQL = `update payments set status = 'pending_sca', status_detail = $2, sequence = 2, provider_payment_id = $3,
	provider_state = $4, payment_url = $5, requested_at = null, due_at = $6, quiet_polls = $7, updated_at = $8
	where reference = $1 and sequence = 1 and status = 'pending' and provider_payment_id is null and not cancel_requested
	and paid_by is null and received_by = '' and own_session = 'open'`

// openedSQL makes the history row and the event depend on the update of the same transaction. If a concurrent worker opened the
// payment with the same provider id, the history's primary key aborts the transaction.
const openedSQL = `from payments where reference = $1 and sequence = 2 and provider_payment_id = $2`

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
	answer := s.sealAnswer(c.ProviderRaw, after.Reference, after.Sequence)
	err = s.group.do(ctx, func(b *pgx.Batch) {
		b.Queue(openSQL, after.Reference, after.Detail, after.ProviderID, after.ProviderState, after.PaymentURL,
			after.DueAt, after.QuietPolls, after.UpdatedAt).Exec(func(tag pgconn.CommandTag) error {
			opened = tag.RowsAffected() == 1
			return nil
		})
		b.Queue(`insert into payment_history (reference, sequence, from_status, to_status, status_detail, cause, provider_state,
			provider_raw_key_id, provider_raw_sealed, occurred_at, trace_id)
			select $1, 2, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz, $11 `+openedSQL,
			after.Reference, after.ProviderID, p.Status, c.To, c.Detail, c.Cause, c.ProviderState, answer.keyID, answer.data, after.UpdatedAt, trace.ID(ctx))
		outbox.QueueIf(ctx, b, e, openedSQL, after.Reference, after.ProviderID)
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
