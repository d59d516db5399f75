package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

func (l *Ledger) payments(ctx context.Context, id uuid.UUID) ([]*einvoicev1.InvoicePayment, error) {
	rows, err := l.Pool.Query(ctx, `select id::text, amount_cents, paid_on::text, method, payment_reference
		from invoice_payments where invoice_id = $1 order by created_at, id`, id)
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*einvoicev1.InvoicePayment, error) {
		var p einvoicev1.InvoicePayment
		err := row.Scan(&p.Id, &p.AmountCents, &p.PaidOn, &p.Method, &p.PaymentReference)
		return &p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	return list, nil
}

func (l *Ledger) life(ctx context.Context, id uuid.UUID) ([]*einvoicev1.LifecycleEvent, error) {
	steps, err := stepsOf(ctx, l.Pool, id)
	if err != nil {
		return nil, err
	}
	list := make([]*einvoicev1.LifecycleEvent, len(steps))
	for i, s := range steps {
		list[i] = step(s)
	}
	return list, nil
}
