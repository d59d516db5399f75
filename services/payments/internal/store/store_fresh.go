package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// freshSQL takes both keys and records the payment with its history row and event, or records nothing if a key is held or the
// payment exists. A held key does not make it fail, because a failure would abort the other callers that share the commit.
const freshSQL = `with wanted (kind, key, fingerprint, expires_at) as (
		values ('header', $48::text, $49::bytea, $50::timestamptz), ('reference', $51, ''::bytea, $52)),
	claimed as (insert into claims (merchant_id, livemode, kind, key, reference, fingerprint, expires_at)
		select $4::uuid, $5::boolean, kind, key, $1, fingerprint, expires_at from wanted where key <> ''
		on conflict do nothing returning 1),
	recorded as (` + insertSQL + ` where (select count(*) from claimed) = (select count(*) from wanted where key <> '')
		on conflict (reference) do nothing returning reference),
	noted as (insert into payment_history (reference, sequence, from_status, to_status, cause, occurred_at, trace_id)
		select reference, 1, '', 'pending', $53, $29::timestamptz, $63 from recorded)
	insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data)
		select $54::uuid, $55, $56, $57, $58, $59, $60, $61, $62 from recorded`

// releaseSQL releases the key that was free if the other one was held.
const releaseSQL = `delete from claims where merchant_id = $1 and livemode = $2 and kind in ('header', 'reference') and key in ($3, $4)
	and reference = $5 and not exists (select from payments where reference = $5)`

// createFresh records a payment in one round trip and a shared commit, which works for nearly all payments. If a key is held or
// the payment exists already, nothing is recorded and fresh is false.
func (s *Store) createFresh(ctx context.Context, p payment.Payment, idem Idempotency, meta Meta) (recorded payment.Payment, fresh bool, err error) {
	first := s.initial(ctx, p)
	c := created(first)
	e, err := event(first, "", c, meta)
	if err != nil {
		return payment.Payment{}, false, err
	}
	reference := ""
	if p.Kind == payment.KindPayment {
		reference = p.MerchantReference
	}
	e.Trace = first.Trace
	args := s.freshArguments(first, idem, reference, c, e)
	err = s.group.do(ctx, func(b *pgx.Batch) {
		b.Queue(freshSQL, args...).Exec(func(tag pgconn.CommandTag) error {
			fresh = tag.RowsAffected() == 1
			return nil
		})
		if idem.Key != "" && reference != "" {
			b.Queue(releaseSQL, p.MerchantID, p.Livemode, idem.Key, reference, p.Reference)
		}
	})
	if err != nil {
		return payment.Payment{}, false, fmt.Errorf("record payment %s: %w", p.Reference, err)
	}
	if !fresh {
		return payment.Payment{}, false, nil
	}
	changes.WithLabelValues(e.Type).Inc()
	s.wake()
	return first, true, nil
}

func (s *Store) freshArguments(p payment.Payment, idem Idempotency, reference string, c payment.Change, e events.Event) []any {
	now := p.CreatedAt
	return append(s.insertArguments(p),
		idem.Key, notNil(idem.Fingerprint), now.Add(HeaderClaim), reference, now.Add(ReferenceClaim), c.Cause,
		e.ID, e.Type, e.Source, e.Merchant, e.Livemode, e.Time, e.Trace, e.RequestID, e.Data, trace.IDOf(e.Trace))
}
