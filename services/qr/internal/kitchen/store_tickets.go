package kitchen

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// readTicket returns what a job prints; nil for a test of the printer.
func readTicket(ctx context.Context, tx pgx.Tx, j *job) (*ticket, error) {
	if j.Order == "" {
		return nil, nil
	}
	t := &ticket{}
	var status string
	err := tx.QueryRow(ctx, `select o.table_name, o.order_type, o.customer_name, o.notes, o.number, o.livemode, o.status, o.created_at,
			coalesce((select name from kitchen_stations s where s.id = nullif($2, '')::uuid), '')
		from orders o where o.id = $1 and o.merchant_id = $3`, j.Order, j.Station, j.Merchant).Scan(
		&t.Table, &t.Type, &t.Customer, &t.Notes, &t.Number, &t.Livemode, &status, &t.At, &t.Station)
	if err != nil {
		return nil, fmt.Errorf("read the order of a ticket: %w", err)
	}
	t.Cancelled = status == "cancelled"
	if t.Items, err = readItems(ctx, tx, j.Order); err != nil {
		return nil, err
	}
	t.keep(j)
	return t, nil
}

// readItems returns the lines that are left, with the parts of a set menu in its place. A part that an older version placed is as its line.
func readItems(ctx context.Context, tx pgx.Tx, orderID string) ([]ticketItem, error) {
	rows, err := tx.Query(ctx, `select l.position, l.quantity - l.cancelled_quantity, coalesce(e.part->>'name', l.name),
			case when e.part is null then '' else l.name end, l.notes,
			array(select o->>'name' from jsonb_array_elements(coalesce(e.part->'options', '[]') || l.options) with ordinality as x (o, n) order by n),
			coalesce(p.course, k.course, 0), coalesce(case when p.order_id is null then k.station_id else p.station_id end::text, '')
		from order_lines l left join lateral jsonb_array_elements(l.parts) with ordinality as e (part, nth) on true
			left join kitchen_lines k on k.order_id = l.order_id and k.position = l.position
			left join kitchen_parts p on p.order_id = l.order_id and p.position = l.position and p.part = e.nth
		where l.order_id = $1 and l.cancelled_quantity < l.quantity order by l.position, e.nth`, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the lines of a ticket: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ticketItem, error) {
		var i ticketItem
		err := row.Scan(&i.Position, &i.Quantity, &i.Name, &i.SetMenu, &i.Notes, &i.Options, &i.Course, &i.StationID)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the lines of a ticket: %w", err)
	}
	return list, nil
}
