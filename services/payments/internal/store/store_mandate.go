package store

import (
	"context"
	"errors"
	"fmt"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// OnMandate sets what is called with each change of a mandate, in the transaction of the change and with the mandate's row locked. Call it
// before the store is used.
func (s *Store) OnMandate(fn func(ctx context.Context, tx pg.DB, mandate payment.Payment, c payment.Change) error) {
	s.onMandate = fn
}

// unfollowed refuses to change a mandate whose subscription would not know of it.
func unfollowed(context.Context, pg.DB, payment.Payment, payment.Change) error {
	return errors.New("nobody follows mandates")
}

// AddMandate records a mandate with its first history row, within the transaction that records its subscription.
func (s *Store) AddMandate(ctx context.Context, tx pg.DB, mandate payment.Payment) (payment.Payment, error) {
	mandate = s.initial(ctx, mandate)
	if _, err := tx.Exec(ctx, insertSQL, s.insertArguments(mandate)...); err != nil {
		return payment.Payment{}, fmt.Errorf("insert mandate %s: %w", mandate.Reference, err)
	}
	return mandate, s.record(ctx, tx, mandate, "", created(mandate), Meta{})
}

// FollowAgain calls what OnMandate has set with the mandate as it is. It makes up for a change by an instance of an earlier version, which
// knows no mandates.
func (s *Store) FollowAgain(ctx context.Context, reference string) error {
	return s.locked(ctx, reference, func(tx pg.DB, p payment.Payment) error { return s.onMandate(ctx, tx, p, payment.Change{}) })
}

// Schedule returns when the bank is to pay by a mandate, as its subscription says.
func (s *Store) Schedule(ctx context.Context, reference string) (powens.Schedule, error) {
	var out powens.Schedule
	err := s.pool.QueryRow(ctx, `select frequency, start_date::text, coalesce(end_date::text, '') from subscriptions where id = $1`, reference).
		Scan(&out.Frequency, &out.Start, &out.End)
	if err != nil {
		return powens.Schedule{}, fmt.Errorf("read the schedule of mandate %s: %w", reference, err)
	}
	return out, nil
}
