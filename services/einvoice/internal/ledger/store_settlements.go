package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/sale"
)

// insertSettlement stores a completed payment. It returns false if it was stored before.
func insertSettlement(ctx context.Context, tx pgx.Tx, m match) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into settlements (payment_reference, merchant_id, livemode, amount_cents, completed_at)
		values ($1, $2, $3, $4, $5) on conflict do nothing`,
		m.payment.GetReference(), m.enrolment.MerchantID, m.enrolment.Livemode, m.payment.GetAmountCents(), m.at)
	if err != nil {
		return false, fmt.Errorf("store settlement: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// invoiceByPayment returns the invoice that refers to a payment; uuid.Nil if there is none.
func invoiceByPayment(ctx context.Context, tx pgx.Tx, who Who, reference string) (id uuid.UUID, err error) {
	err = tx.QueryRow(ctx, invoiceOfSQL, reference, who.MerchantID, who.Livemode).Scan(&id)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, fmt.Errorf("find the invoice: %w", err)
	}
	return id, nil
}

// settlement is a completed EU Pay payment.
type settlement struct {
	amount money.Cents
	at     time.Time
}

// A payment that has paid another invoice of the merchant is excluded. (The index has no empty references.)
const settlementSQL = `select amount_cents, completed_at from settlements where payment_reference = $1 and merchant_id = $2 and livemode = $3
	and not exists (select 1 from invoice_payments p where p.payment_reference = $1 and p.payment_reference <> ''
		and p.merchant_id = $2 and p.livemode = $3)`

// settlement returns the payment of an invoice if it is already completed. It locks the reference, as the consumer of payments
// does, so one of the two sees the other's row.
func (l *Ledger) settlement(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, reference string) (*settlement, error) {
	if reference == "" {
		return nil, nil
	}
	if err := lockReference(ctx, tx, reference); err != nil {
		return nil, err
	}
	var s settlement
	err := tx.QueryRow(ctx, settlementSQL, reference, e.MerchantID, e.Livemode).Scan(&s.amount, &s.at)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settlement: %w", err)
	}
	return &s, nil
}

func lockReference(ctx context.Context, tx pgx.Tx, reference string) error {
	return sale.Lock(ctx, tx, reference)
}

// If several invoices refer to a payment, the first unpaid one gets it. (The index has no empty references.)
const invoiceOfSQL = `select id from invoices where payment_reference = $1 and payment_reference <> '' and merchant_id = $2 and livemode = $3
	and type_code in ('380', '386') order by status in ('draft', 'pending') desc, created_at limit 1`
