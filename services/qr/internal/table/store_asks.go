package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// firstAsk is when a payment for an order is to be asked for next.
const firstAsk = `select min(ask_due_at) from orders where ask_due_at is not null and status = 'awaiting_payment'`

// claimAsks claims orders whose payment must be asked for with a lease, oldest first. They come without their lines.
func claimAsks(ctx context.Context, db pg.DB, now time.Time, lease time.Duration, limit int) ([]*order, error) {
	list, err := readAll(ctx, db, scanOrder, `update orders set ask_due_at = $2, ask_attempts = ask_attempts + 1
		where id in (select id from orders where status = 'awaiting_payment' and ask_due_at <= $1 order by ask_due_at limit $3 for no key update skip locked)
		returning `+orderColumns, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim orders without a payment: %w", err)
	}
	return list, nil
}

// postponeAsk makes the payment of an order due to be asked for at that time, unless the order has ended or has its payment in the meantime.
func postponeAsk(ctx context.Context, db pg.DB, id string, due time.Time) error {
	_, err := db.Exec(ctx, `update orders set ask_due_at = $2 where id = $1 and status = 'awaiting_payment' and payment_url = ''`, id, due)
	if err != nil {
		return fmt.Errorf("postpone the payment of an order: %w", err)
	}
	return nil
}

// notePayment stores the payment of an order that waits for it, and reports whether the order still did. A payment without a URL is asked
// for again at the given time.
func notePayment(ctx context.Context, db pg.DB, id string, p *paymentsv1.Payment, due time.Time) (bool, error) {
	tag, err := db.Exec(ctx, `update orders set payment_reference = $2, payment_url = case when $3 = '' then payment_url else $3 end, payment_created_at = $4,
			ask_due_at = case when $3 = '' and payment_url = '' then $5::timestamptz end
		where id = $1 and status = 'awaiting_payment'`, id, p.GetReference(), p.GetPaymentUrl(), p.GetCreatedAt().AsTime(), due)
	if err != nil {
		return false, fmt.Errorf("store the payment of an order: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// releaseKey releases the key of an order that failed, so that the guest's retry creates a new one.
func releaseKey(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `update orders set idempotency_key = null where id = $1`, id); err != nil {
		return fmt.Errorf("release a key: %w", err)
	}
	return nil
}
