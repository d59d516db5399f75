package store

import "european-pay.eu/eupay/internal/due"

// Watch tells a loop whether ClaimDue would find a payment.
func (s *Store) Watch() due.Watch {
	return due.Watch{DB: s.pool, First: `select min(due_at) from payments where due_at is not null`, Now: s.clock}
}
