package store

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// ListOfCustomer returns one page of the payments that the customer made by scanning, newest first, and the total. No counter is for a person:
// at most tally.Most payments are counted.
func (s *Store) ListOfCustomer(ctx context.Context, customer string, limit, offset int) ([]payment.Payment, tally.Total, error) {
	const where = `from payments where customer_id = $1 and origin in ('qr', 'scan')`
	total, err := tally.AtMost(ctx, s.reads, where, customer)
	if err != nil {
		return nil, tally.Total{}, fmt.Errorf("count the payments of a customer: %w", err)
	}
	list, err := s.collect(s.reads.Query(ctx, `select `+columns+" "+where+` order by created_at desc, reference desc limit $2 offset $3`, customer, limit, offset))
	return list, total, err
}

// RefundsOf returns the refunds of payments by the reference of the payment, each list oldest first. The caller must have
// authorised the access.
func (s *Store) RefundsOf(ctx context.Context, originals []string) (map[string][]payment.Payment, error) {
	list, err := s.collect(s.pool.Query(ctx, `select `+columns+` from payments where original_reference = any($1) and kind = 'refund'
		order by created_at, reference`, originals))
	if err != nil {
		return nil, err
	}
	of := make(map[string][]payment.Payment)
	for _, p := range list {
		of[p.OriginalReference] = append(of[p.OriginalReference], p)
	}
	return of, nil
}
