package kitchen

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

// holdOrders locks the merchant's counter of orders.
func holdOrders(ctx context.Context, tx pgx.Tx, merchantID string) error {
	_, err := tx.Exec(ctx, `insert into order_counters as c (merchant_id, last) values ($1, 0) on conflict (merchant_id) do update set last = c.last`, merchantID)
	if err != nil {
		return fmt.Errorf("hold the merchant's orders: %w", err)
	}
	return nil
}

func countStations(ctx context.Context, tx pgx.Tx, merchantID string) (n int, err error) {
	if err := tx.QueryRow(ctx, `select count(*) from kitchen_stations where merchant_id = $1`, merchantID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count stations: %w", err)
	}
	return n, nil
}

const stationColumns = `s.id::text, s.merchant_id::text, s.name, s.is_default, s.created_at, s.updated_at,
	coalesce((select array_agg(subject order by subject) from kitchen_routes r where r.station_id = s.id and r.kind = 'category'), '{}'),
	coalesce((select array_agg(subject order by subject) from kitchen_routes r where r.station_id = s.id and r.kind = 'product'), '{}')`

func scanStation(row pgx.CollectableRow) (*station, error) {
	st := &station{}
	err := row.Scan(&st.ID, &st.Merchant, &st.Name, &st.Default, &st.CreatedAt, &st.UpdatedAt, &st.Categories, &st.Products)
	return st, err
}

func stationsOf(ctx context.Context, db pg.DB, merchantID string) ([]*station, error) {
	rows, err := db.Query(ctx, `select `+stationColumns+` from kitchen_stations s where s.merchant_id = $1 order by s.created_at, s.id`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("read stations: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanStation)
	if err != nil {
		return nil, fmt.Errorf("read stations: %w", err)
	}
	return list, nil
}

func readStation(ctx context.Context, db pg.DB, merchantID, id string) (*station, error) {
	rows, err := db.Query(ctx, `select `+stationColumns+` from kitchen_stations s where s.merchant_id = $1 and s.id = $2`, merchantID, id)
	if err != nil {
		return nil, fmt.Errorf("read station: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanStation)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read station: %w", err)
	case len(list) == 0:
		return nil, errs.NotFound(stationNoun)
	default:
		return list[0], nil
	}
}

func insertStation(ctx context.Context, tx pgx.Tx, st *station) error {
	if err := leaveDefault(ctx, tx, st); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into kitchen_stations (id, merchant_id, name, is_default, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)`,
		st.ID, st.Merchant, st.Name, st.Default, st.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert station: %w", err)
	}
	return route(ctx, tx, st)
}

func updateStation(ctx context.Context, tx pgx.Tx, st *station) error {
	if err := leaveDefault(ctx, tx, st); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update kitchen_stations set name = $3, is_default = $4, updated_at = $5 where merchant_id = $1 and id = $2`,
		st.Merchant, st.ID, st.Name, st.Default, st.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update station: %w", err)
	}
	return route(ctx, tx, st)
}

// leaveDefault makes room for a new default station.
func leaveDefault(ctx context.Context, tx pgx.Tx, st *station) error {
	if !st.Default {
		return nil
	}
	_, err := tx.Exec(ctx, `update kitchen_stations set is_default = false where merchant_id = $1 and is_default and id <> $2`, st.Merchant, st.ID)
	if err != nil {
		return fmt.Errorf("move the default station: %w", err)
	}
	return nil
}

// route writes what goes to the station. Products must be the merchant's.
func route(ctx context.Context, tx pgx.Tx, st *station) error {
	var known int
	err := tx.QueryRow(ctx, `select count(*) from products where merchant_id = $1 and id = any($2::text[]::uuid[])`, st.Merchant, st.Products).Scan(&known)
	if err != nil {
		return fmt.Errorf("find the products of a station: %w", err)
	}
	if known != len(st.Products) {
		return errs.Invalid(errs.Field{Field: "products", Message: "products must be the ids of your products."})
	}
	b := &pgx.Batch{}
	b.Queue(`delete from kitchen_routes where merchant_id = $1 and station_id = $2`, st.Merchant, st.ID)
	for kind, subjects := range map[string][]string{"category": st.Categories, "product": st.Products} {
		b.Queue(`insert into kitchen_routes (merchant_id, kind, subject, station_id) select $1, $2, subject, $4 from unnest($3::text[]) as subject
			on conflict (merchant_id, kind, subject) do update set station_id = excluded.station_id`, st.Merchant, kind, subjects, st.ID)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("route to a station: %w", err)
	}
	return nil
}

// deleteStation also makes the oldest of the others the default, if this one was.
func deleteStation(ctx context.Context, tx pgx.Tx, merchantID, id string) error {
	tag, err := tx.Exec(ctx, `delete from kitchen_stations where merchant_id = $1 and id = $2`, merchantID, id)
	if err != nil {
		return fmt.Errorf("delete station: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(stationNoun)
	}
	_, err = tx.Exec(ctx, `update kitchen_printers set stations = array_remove(stations, $2::uuid), is_active = is_active and stations <> array[$2::uuid]
		where merchant_id = $1 and $2::uuid = any(stations)`, merchantID, id)
	if err != nil {
		return fmt.Errorf("take a station from its printers: %w", err)
	}
	_, err = tx.Exec(ctx, `update kitchen_stations set is_default = true
		where id = (select id from kitchen_stations where merchant_id = $1 order by created_at, id limit 1)
		and not exists (select from kitchen_stations where merchant_id = $1 and is_default)`, merchantID)
	if err != nil {
		return fmt.Errorf("choose the default station: %w", err)
	}
	return nil
}
