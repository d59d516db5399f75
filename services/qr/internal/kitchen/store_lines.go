package kitchen

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Made is what a kitchen makes for a new order: a line, or a part of one that is a set menu.
type Made struct {
	Line
	// Product, and that of the set menu whose part it is: empty for a line.
	Product, SetMenu string
}

// Place records the lines and parts of a new order, which wait, and sets their stations: that of the product, else of its category, else the same of the set menu,
// else the default one. A set menu is where all its parts are, else nowhere in particular: then a version that knows no parts shows and prints it at each
// of their stations. The caller holds the products and the merchant's counter of orders, which stations that end wait for.
func Place(ctx context.Context, tx pgx.Tx, merchantID, orderID string, list []Made) error {
	n := len(list)
	positions, parts, courses, fired := make([]int32, n), make([]int32, n), make([]int32, n), make([]*time.Time, n)
	products, menus := make([]string, n), make([]string, n)
	for i := range list {
		m := &list[i]
		positions[i], parts[i], courses[i], fired[i], products[i], menus[i] = m.Position, m.Part, m.Course, m.FiredAt, m.Product, m.SetMenu
	}
	rows, err := tx.Query(ctx, `with placed as (
			select l.nth, l.position, l.part, coalesce(rp.station_id, rc.station_id, mp.station_id, mc.station_id, d.id) as station_id, l.course, l.fired
			from unnest($3::int[], $4::int[], $5::text[], $6::text[], $7::int[], $8::timestamptz[]) with ordinality
				as l (position, part, product, menu, course, fired, nth)
			join products p on p.merchant_id = $1 and p.id = l.product::uuid
			left join products m on m.merchant_id = $1 and m.id = nullif(l.menu, '')::uuid
			left join kitchen_routes rp on rp.merchant_id = $1 and rp.kind = 'product' and rp.subject = p.id::text
			left join kitchen_routes rc on rc.merchant_id = $1 and rc.kind = 'category' and rc.subject = p.category
			left join kitchen_routes mp on mp.merchant_id = $1 and mp.kind = 'product' and mp.subject = m.id::text
			left join kitchen_routes mc on mc.merchant_id = $1 and mc.kind = 'category' and mc.subject = m.category
			left join kitchen_stations d on d.merchant_id = $1 and d.is_default
		), lines as (
			insert into kitchen_lines (order_id, position, station_id, course, status, fired_at)
			select $2, l.position, case when p.n is null then l.station_id when p.n = 1 then p.station_id::uuid end, l.course, 'waiting', l.fired
			from placed l left join (
				select position, count(distinct coalesce(station_id::text, '')) as n, min(station_id::text) as station_id from placed where part > 0 group by position
			) p on p.position = l.position
			where l.part = 0
		), parts as (
			insert into kitchen_parts (order_id, position, part, station_id, course, status, fired_at)
			select $2, position, part, station_id, course, 'waiting', fired from placed where part > 0
		)
		select nth, coalesce(station_id::text, '') from placed`, merchantID, orderID, positions, parts, products, menus, courses, fired)
	if err != nil {
		return fmt.Errorf("send lines to the kitchen: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var nth int
		var station string
		if err := rows.Scan(&nth, &station); err != nil {
			return fmt.Errorf("send lines to the kitchen: %w", err)
		}
		list[nth-1].StationID = station
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("send lines to the kitchen: %w", err)
	}
	return nil
}

// Write records how far lines and parts are. The caller holds the order.
func Write(ctx context.Context, tx pgx.Tx, orderID string, lines []Line) error {
	b := &pgx.Batch{}
	for _, l := range lines {
		if l.Part > 0 {
			b.Queue(`insert into kitchen_parts (order_id, position, part, station_id, course, status, fired_at, preparing_at, ready_at, served_at)
				values ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, $8, $9, $10)
				on conflict (order_id, position, part) do update set status = excluded.status, fired_at = excluded.fired_at,
					preparing_at = excluded.preparing_at, ready_at = excluded.ready_at, served_at = excluded.served_at`,
				orderID, l.Position, l.Part, l.StationID, l.Course, l.Status, l.FiredAt, l.PreparingAt, l.ReadyAt, l.ServedAt)
			continue
		}
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

// Read returns the lines and parts of orders by the orders' ids. Those that the kitchen does not know are missing.
func Read(ctx context.Context, db pg.Reader, orderIDs []string) (map[string][]Line, error) {
	rows, err := db.Query(ctx, `select l.order_id::text, l.position, l.part, coalesce(l.station_id::text, ''), coalesce(s.name, ''), l.course, l.status,
			l.fired_at, l.preparing_at, l.ready_at, l.served_at
		from (
			select order_id, position, 0 as part, station_id, course, status, fired_at, preparing_at, ready_at, served_at
				from kitchen_lines where order_id = any($1::text[]::uuid[])
			union all
			select order_id, position, part, station_id, course, status, fired_at, preparing_at, ready_at, served_at
				from kitchen_parts where order_id = any($1::text[]::uuid[])
		) l left join kitchen_stations s on s.id = l.station_id`, orderIDs)
	if err != nil {
		return nil, fmt.Errorf("read lines in the kitchen: %w", err)
	}
	defer rows.Close()
	found := make(map[string][]Line, len(orderIDs))
	for rows.Next() {
		var id string
		var l Line
		if err := rows.Scan(&id, &l.Position, &l.Part, &l.StationID, &l.StationName, &l.Course, &l.Status, &l.FiredAt, &l.PreparingAt, &l.ReadyAt, &l.ServedAt); err != nil {
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
