package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// ClaimDue claims up to limit due payments and moves their due time ahead by lease. Other workers skip them in the meantime, and
// if a worker dies, they become due again.
func (s *Store) ClaimDue(ctx context.Context, limit int, lease time.Duration) ([]payment.Payment, error) {
	now := s.clock()
	return s.collect(s.pool.Query(ctx, `update payments set due_at = $2
		where reference in (
			select reference from payments where due_at <= $1 order by due_at limit $3 for update skip locked
		) returning `+columns, now, now.Add(lease), limit))
}

// MarkRequested records that a create request is about to be sent. It returns false if the payment has changed and must not be
// requested.
func (s *Store) MarkRequested(ctx context.Context, reference string, lease time.Duration) (bool, error) {
	now := s.clock()
	tag, err := s.pool.Exec(ctx, `update payments set requested_at = $2, due_at = $3, creates = creates + 1, lookups = 0
		where reference = $1 and status = 'pending' and provider_payment_id is null and not cancel_requested
		and paid_by is null and received_by = '' and own_session <> 'closed' and (origin <> 'scan' or requested_at is null)`, reference, now, now.Add(lease))
	if err != nil {
		return false, fmt.Errorf("mark payment %s as requested: %w", reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

// SetDueAt sets the due time of a payment that is not final.
func (s *Store) SetDueAt(ctx context.Context, reference string, at time.Time) error {
	_, err := s.pool.Exec(ctx, `update payments set due_at = $2 where reference = $1 and due_at is not null`, reference, at.UTC())
	if err != nil {
		return fmt.Errorf("set due time of payment %s: %w", reference, err)
	}
	return nil
}

// MakeDue makes payments due now that the provider knows, and returns their references. Final and unknown ones are left out, and so are
// those without a provider id: their due time is the lease of a request that may be on its way, and another worker must not come earlier.
func (s *Store) MakeDue(ctx context.Context, references []string) ([]string, error) {
	rows, err := s.pool.Query(ctx, `update payments set due_at = $2
		where reference = any($1) and due_at is not null and provider_payment_id is not null returning reference`, references, s.clock())
	if err != nil {
		return nil, fmt.Errorf("make payments due: %w", err)
	}
	due, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("make payments due: %w", err)
	}
	slices.Sort(due)
	return due, nil
}

// PurgeClaims deletes expired idempotency keys.
func (s *Store) PurgeClaims(ctx context.Context) error { return claim.Purge(ctx, s.pool, s.clock()) }
