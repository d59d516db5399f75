package reward

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// linesOf returns what was ordered with the payment of an order.
func linesOf(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment) ([]line, error) {
	return queryLines(ctx, tx, `select l.product_id::text, coalesce(p.category, ''), l.total_cents from orders o
		join order_lines l on l.order_id = o.id left join products p on p.id = l.product_id
		where o.id = $1 and o.merchant_id = $2 and o.livemode = $3 order by l.position`, pay.GetOrderId(), pay.GetMerchantId(), pay.GetLivemode())
}

// partOf returns the part of a bill that a payment pays; nil if it pays none. What it costs never changes.
func partOf(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment) (*part, error) {
	p := &part{}
	err := tx.QueryRow(ctx, `select id::text, bill_id::text, amount_cents, kind = 'items' from bill_shares
		where id = $1 and merchant_id = $2 and livemode = $3 and amount_cents + tip_cents = $4`,
		pay.GetOrderId(), pay.GetMerchantId(), pay.GetLivemode(), pay.GetAmountCents()).Scan(&p.ID, &p.Bill, &p.Cents, &p.Chosen)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read part of bill: %w", err)
	}
	return p, nil
}

// linesOfPart returns the pieces that a part's payer chose, or else what was on the bill when the part was taken.
func linesOfPart(ctx context.Context, tx pgx.Tx, p *part) ([]line, error) {
	if p.Chosen {
		return queryLines(ctx, tx, `select l.product_id::text, coalesce(p.category, ''), i.cents
			from bill_shares s, jsonb_to_recordset(s.items) as i(order_id uuid, position integer, cents bigint)
			join orders o on o.id = i.order_id join order_lines l on l.order_id = o.id and l.position = i.position left join products p on p.id = l.product_id
			where s.id = $1 and o.bill_id = $2`, p.ID, p.Bill)
	}
	return queryLines(ctx, tx, `select l.product_id::text, coalesce(p.category, ''), l.total_cents - l.cancelled_cents
		from orders o join order_lines l on l.order_id = o.id left join products p on p.id = l.product_id
		where o.bill_id = $2 and o.created_at <= (select created_at from bill_shares where id = $1) order by o.number, l.position`, p.ID, p.Bill)
}

func queryLines(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]line, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read what was ordered: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[line])
	if err != nil {
		return nil, fmt.Errorf("read what was ordered: %w", err)
	}
	return list, nil
}
