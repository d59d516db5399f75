package table

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// ordersSince counts the orders of a table since that time, and returns when the oldest of the latest ordersPerTable was placed.
func ordersSince(ctx context.Context, tx pgx.Tx, tableID string, since time.Time) (n int64, oldest time.Time, err error) {
	err = tx.QueryRow(ctx, `select count(*), coalesce(min(created_at), now()) from (
			select created_at from orders where table_id = $1 and created_at > $2 order by created_at desc limit $3) latest`,
		tableID, since, ordersPerTable).Scan(&n, &oldest)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count the latest orders of a table: %w", err)
	}
	return n, oldest, nil
}

// openOrders counts the orders of a table that are neither paid nor accepted by the staff.
func openOrders(ctx context.Context, tx pgx.Tx, tableID string) (n int64, err error) {
	err = tx.QueryRow(ctx, `select count(*) from orders where table_id = $1 and paid_at is null and status in ('awaiting_payment', 'received')`,
		tableID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the open orders of a table: %w", err)
	}
	return n, nil
}

// heldByTable returns how many pieces of the products the open orders of a table hold, also in set menus, and what is left in stock.
func heldByTable(ctx context.Context, tx pgx.Tx, tableID string, of []catalog.Quantity) (held, left map[string]int64, err error) {
	ids := make([]string, 0, len(of))
	for _, q := range of {
		ids = append(ids, q.ProductID)
	}
	held, left = make(map[string]int64, len(ids)), make(map[string]int64, len(ids))
	rows, err := tx.Query(ctx, `with open as (select l.product_id, l.parts, l.quantity - l.cancelled_quantity as quantity
			from orders o join order_lines l on l.order_id = o.id
			where o.table_id = $1 and o.paid_at is null and o.status in ('awaiting_payment', 'received')),
		held as (select product_id, sum(quantity) as pieces from (select product_id, quantity from open
			union all select (part->>'product_id')::uuid, quantity from open, jsonb_array_elements(parts) part) taken group by product_id)
		select p.id::text, case when p.stock_unlimited then $3::bigint else p.stock_quantity end, coalesce(h.pieces, 0)::bigint
		from products p left join held h on h.product_id = p.id where p.id = any($2::text[]::uuid[])`, tableID, ids, int64(math.MaxInt32))
	if err != nil {
		return nil, nil, fmt.Errorf("count what a table holds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var stock, pieces int64
		if err := rows.Scan(&id, &stock, &pieces); err != nil {
			return nil, nil, fmt.Errorf("count what a table holds: %w", err)
		}
		held[id], left[id] = pieces, stock
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("count what a table holds: %w", err)
	}
	return held, left, nil
}
