package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Get returns the merchant's payment or refund in the mode, or ErrNotFound. Scans are not returned: they belong to the customer,
// and the merchant sees the payment that they pay. Nor are mandates and payments to
// suppliers: the merchant sees their subscriptions and the invoices that it received.
func (s *Store) Get(ctx context.Context, merchant string, livemode bool, reference string) (payment.Payment, error) {
	return s.scan(s.pool.QueryRow(ctx, `select `+columns+` from payments where reference = $1 and merchant_id = $2 and livemode = $3
		and origin <> 'scan' and kind not in ('mandate', 'supplier')`, reference, merchant, livemode))
}

// ByReference returns a payment of any merchant. Use it only for work that merchants cannot control.
func (s *Store) ByReference(ctx context.Context, reference string) (payment.Payment, error) {
	return s.scan(s.pool.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, reference))
}

// OfCustomer returns a payment that the customer made by scanning, or ErrNotFound.
func (s *Store) OfCustomer(ctx context.Context, customer, reference string) (payment.Payment, error) {
	return s.scan(s.pool.QueryRow(ctx, `select `+columns+` from payments where reference = $1 and customer_id = $2 and origin in ('qr', 'scan')`,
		reference, customer))
}

// ByProviderID returns the payment with the provider's id in the mode.
func (s *Store) ByProviderID(ctx context.Context, livemode bool, id string) (payment.Payment, error) {
	return s.scan(s.pool.QueryRow(ctx, `select `+columns+` from payments where provider_payment_id = $1 and livemode = $2`, id, livemode))
}

// Refunds returns the refunds of a payment, oldest first.
func (s *Store) Refunds(ctx context.Context, merchant string, livemode bool, original string) ([]payment.Payment, error) {
	if _, err := s.Get(ctx, merchant, livemode, original); err != nil {
		return nil, err
	}
	return s.collect(s.pool.Query(ctx, `select `+columns+` from payments where original_reference = $1 and kind = 'refund'
		and merchant_id = $2 and livemode = $3 order by created_at, reference`, original, merchant, livemode))
}

// Entry is one row of a payment's history.
type Entry struct {
	Sequence                                        int64
	From, To, Detail, Failure, Cause, ProviderState string
	At                                              time.Time
	Actor, Note                                     string
	// TraceID is empty for a change that was recorded before there were traces.
	TraceID string
}

const entryColumns = `sequence, from_status, to_status, status_detail, failure_code, cause, provider_state, occurred_at, actor, note, trace_id`

// History returns all changes of a payment, oldest first.
func (s *Store) History(ctx context.Context, merchant string, livemode bool, reference string) ([]Entry, error) {
	if _, err := s.Get(ctx, merchant, livemode, reference); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `select `+entryColumns+` from payment_history where reference = $1 order by sequence`, reference)
	if err != nil {
		return nil, fmt.Errorf("query history: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return entries, nil
}
