package sale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
)

// insertCancellation records what a cancellation has left of an order, once: later events of the same one tell of a later state.
func insertCancellation(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, o *eventsv1.OrderChanged, left []Part, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into order_cancellations (cancellation_id, merchant_id, livemode, payment_reference, order_number, sequence, parts,
		refund_reference, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
		o.GetCancellation().GetCancellationId(), e.MerchantID, e.Livemode, o.GetPaymentReference(), o.GetNumber(), o.GetSequence(), left,
		o.GetRequestedRefund().GetReference(), now)
	if err != nil {
		return fmt.Errorf("record what is left of order %s: %w", o.GetOrderId(), err)
	}
	return nil
}

// CancelledOf returns what the cancellations of the order that a payment has paid have left of it, the first one first.
func CancelledOf(ctx context.Context, db pg.DB, e enrol.Enrolment, payment string) ([]Cancelled, error) {
	rows, err := db.Query(ctx, `select order_number, parts, refund_reference from order_cancellations
		where payment_reference = $1 and merchant_id = $2 and livemode = $3 order by sequence`, payment, e.MerchantID, e.Livemode)
	if err != nil {
		return nil, fmt.Errorf("read cancellations of %s: %w", payment, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Cancelled])
	if err != nil {
		return nil, fmt.Errorf("read cancellations of %s: %w", payment, err)
	}
	return list, nil
}

// GivenBackOf returns the refunds of a payment, the oldest first.
func GivenBackOf(ctx context.Context, db pg.DB, e enrol.Enrolment, payment string) ([]GivenBack, error) {
	rows, err := db.Query(ctx, `select r.refund_reference, r.amount_cents, coalesce(s.parts, '[]'), r.created_at from consumer_refunds r
		left join refund_splits s on s.refund_reference = r.refund_reference and s.merchant_id = r.merchant_id and s.livemode = r.livemode
		where r.payment_reference = $1 and r.merchant_id = $2 and r.livemode = $3 order by r.seq`, payment, e.MerchantID, e.Livemode)
	if err != nil {
		return nil, fmt.Errorf("read refunds of %s: %w", payment, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[GivenBack])
	if err != nil {
		return nil, fmt.Errorf("read refunds of %s: %w", payment, err)
	}
	return list, nil
}

// PaidWith returns the amount of a completed payment; 0 if it is not known.
func PaidWith(ctx context.Context, db pg.DB, e enrol.Enrolment, payment string) (amount money.Cents, err error) {
	err = db.QueryRow(ctx, `select amount_cents from settlements where payment_reference = $1 and merchant_id = $2 and livemode = $3
		union all select amount_cents from consumer_sales where payment_reference = $1 and merchant_id = $2 and livemode = $3 limit 1`,
		payment, e.MerchantID, e.Livemode).Scan(&amount)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read the amount of %s: %w", payment, err)
	}
	return amount, nil
}
