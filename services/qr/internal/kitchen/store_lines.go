package kitchen

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Place records the lines of a new order, which are named by their place in the lists, and sets their stations: that of the product, else of its
// category, else the default one. The caller holds the products and the merchant's counter of orders, which stations that end wait for.
func Place(ctx context.Context, tx pgx.Tx, merchantID, orderID string, products []string, lines []Line) error {
	positions, courses, fired := make([]int32, len(lines)), make([]int32, len(lines)), make([]*time.Time, len(lines))
	for i := range lines {
		lines[i].Position, lines[i].Status = int32(i), Waiting
		positions[i], courses[i], fired[i] = int32(i), lines[i].Course, lines[i].FiredAt
	}
	rows, err := tx.Query(ctx, `insert into kitchen_lines (order_id, position, station_id, course, status, fired_at)
		select $2, l.position, coalesce(rp.station_id, rc.station_id, d.id), l.course, 'waiting', l.fired
		from unnest($3::int[], $4::text[], $5::int[], $6::timestamptz[]) as l (position, product, course, fired)
		join products p on p.merchant_id = $1 and p.id = l.product::uuid
		left join kitchen_routes rp on rp.merchant_id = $1 and rp.kind = 'product' and rp.subject = p.id::text
		left join kitchen_routes rc on rc.merchant_id = $1 and rc.kind = 'category' and rc.subject = p.category
		left join kitchen_stations d on d.merchant_id = $1 and d.is_default
		returning position, coalesce(station_id::text, '')`, merchantID, orderID, positions, products, courses, fired)
	if err != nil {
		return fmt.Errorf("send lines to the kitchen: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var position int32
		var station string
		if err := rows.Scan(&position, &station); err != nil {
			return fmt.Errorf("send lines to the kitchen: %w", err)
		}
		lines[position].StationID = station
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("send lines to the kitchen: %w", err)
	}
	return nil
}

// Write records how far lines are. The caller holds the order.
func Write(ctx context.Context, tx pgx.Tx, orderID string, lines []Line) error {
	b := &pgx.Batch{}
	for _, l := range lines {
		b.Queue(`insert into kitchen_lines (order_id, position, station_id, course, status, fired_at, preparing_at, ready_at, served_at)
			values ($1, $2, nullif($3, '')::uuid, $4, $5, $6, $7, $8, $9)
			on conflict (order_id, position) do update set status = excluded.status, fired_at = excluded.fired_at, preparing_at = excluded.preparing_at,
				ready_at = excluded.ready_at, served_at = excluded.served_at`,
			orderID, l.Position, l.StationID, l.Course, l.Status, l.FiredAt, l.PreparingAt, l.ReadyAt, l.ServedAt)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("record lines in the kitchen: %w", err)
	}
	return nil
}

// Read returns the lines of orders by the orders' ids. Lines that the kitchen does not know are missing.
func Read(ctx context.Context, db pg.Reader, orderIDs []string) (map[string][]Line, error) {
	rows, err := db.Query(ctx, `select l.order_id::text, l.position, coalesce(l.station_id::text, ''), coalesce(s.name, ''), l.course, l.status,
			l.fired_at, l.preparing_at, l.ready_at, l.served_at
		from kitchen_lines l left join kitchen_stations s on s.id = l.station_id where l.order_id = any($1::text[]::uuid[])`, orderIDs)
	if err != nil {
		return nil, fmt.Errorf("read lines in the kitchen: %w", err)
	}
	defer rows.Close()
	found := make(map[string][]Line, len(orderIDs))
	for rows.Next() {
		var id string
		var l Line
		if err := rows.Scan(&id, &l.Position, &l.StationID, &l.StationName, &l.Course, &l.Status, &l.FiredAt, &l.PreparingAt, &l.ReadyAt, &l.ServedAt); err != nil {
			return nil, fmt.Errorf("read lines in the kitchen: %w", err)
		}
		found[id] = append(found[id], l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read lines in the kitchen: %w", err)
	}
	return found, nil
}

// Touch tells those who follow the kitchen that lines of an order changed; a change of the order itself tells them anyway.
func Touch(ctx context.Context, tx pgx.Tx, merchantID, orderID string) error {
	_, err := tx.Exec(ctx, `insert into kitchen_orders as k (order_id, merchant_id, changed_by, version)
		values ($2, $1, pg_current_xact_id()::text::bigint, 1)
		on conflict (order_id) do update set changed_by = excluded.changed_by, version = k.version + 1`, merchantID, orderID)
	if err != nil {
		return fmt.Errorf("tell the kitchen: %w", err)
	}
	return nil
}
