package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const tableColumns = `id::text, merchant_id::text, name, zone, capacity, status, token, created_at, updated_at`

func scanTable(row pgx.CollectableRow) (seat, error) {
	var t seat
	err := row.Scan(&t.ID, &t.Merchant, &t.Name, &t.Zone, &t.Capacity, &t.Status, &t.Token, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

func readTable(ctx context.Context, db pg.DB, merchantID, id string) (seat, error) {
	return oneTable(ctx, db, `select `+tableColumns+` from dining_tables where merchant_id = $1 and id = $2`, merchantID, id)
}

func lockTable(ctx context.Context, tx pgx.Tx, merchantID, id string) (seat, error) {
	return oneTable(ctx, tx, `select `+tableColumns+` from dining_tables where merchant_id = $1 and id = $2 for no key update`, merchantID, id)
}

func oneTable(ctx context.Context, db pg.DB, sql string, args ...any) (seat, error) {
	t, err := readOne(ctx, db, scanTable, sql, args...)
	if errors.Is(err, pgx.ErrNoRows) {
		return seat{}, errs.NotFound(tableNoun)
	}
	if err != nil {
		return seat{}, fmt.Errorf("read table: %w", err)
	}
	return t, nil
}

// tableBehind reads the active table of a code and locks it against changes. It returns errNoMenu for every invalid code.
func tableBehind(ctx context.Context, tx pgx.Tx, merchantID, token string) (seat, error) {
	t, err := readOne(ctx, tx, scanTable, `select `+tableColumns+` from dining_tables t where merchant_id = $1 and token = $2 and status = 'active'
		and exists (select from menu_merchants m where m.merchant_id = t.merchant_id and m.is_active) for share`, merchantID, token)
	if errors.Is(err, pgx.ErrNoRows) {
		return seat{}, errNoMenu
	}
	if err != nil {
		return seat{}, fmt.Errorf("read the table of a code: %w", err)
	}
	return t, nil
}

// countTables returns the number of a merchant's tables, which are at most maxTables.
func countTables(ctx context.Context, db pg.DB, merchantID string) (n int64, err error) {
	if err := db.QueryRow(ctx, `select count(*) from dining_tables where merchant_id = $1`, merchantID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count tables: %w", err)
	}
	return n, nil
}

func listTables(ctx context.Context, db pg.DB, merchantID string, limit, offset int64) ([]seat, error) {
	list, err := readAll(ctx, db, scanTable, `select `+tableColumns+` from dining_tables where merchant_id = $1
		order by created_at, id limit $2 offset $3`, merchantID, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return list, nil
}

func insertTable(ctx context.Context, tx pgx.Tx, t seat) error {
	_, err := tx.Exec(ctx, `insert into dining_tables (id, merchant_id, name, zone, capacity, status, token, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8)`, t.ID, t.Merchant, t.Name, t.Zone, t.Capacity, t.Status, t.Token, t.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert table: %w", err)
	}
	return nil
}

func updateTable(ctx context.Context, tx pgx.Tx, t seat) error {
	_, err := tx.Exec(ctx, `update dining_tables set name = $2, zone = $3, capacity = $4, status = $5, token = $6, updated_at = $7
		where id = $1`, t.ID, t.Name, t.Zone, t.Capacity, t.Status, t.Token, t.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update table: %w", err)
	}
	return nil
}

func deleteTable(ctx context.Context, tx pgx.Tx, merchantID, id string) error {
	tag, err := tx.Exec(ctx, `delete from dining_tables where merchant_id = $1 and id = $2`, merchantID, id)
	if err != nil {
		return fmt.Errorf("delete table: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(tableNoun)
	}
	return nil
}

// insertMerchant stores a merchant of which no event has arrived yet. Any event overrides it.
func insertMerchant(ctx context.Context, tx pgx.Tx, merchantID, name string) error {
	_, err := tx.Exec(ctx, `insert into menu_merchants (merchant_id, name, is_active, as_of) values ($1, $2, true, '-infinity')
		on conflict do nothing`, merchantID, name)
	if err != nil {
		return fmt.Errorf("store merchant: %w", err)
	}
	return nil
}

// upsertMerchant stores a merchant event, unless a newer one has been stored.
func upsertMerchant(ctx context.Context, tx pgx.Tx, merchantID, name string, isActive bool, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into menu_merchants as m (merchant_id, name, is_active, as_of) values ($1, $2, $3, $4)
		on conflict (merchant_id) do update set name = excluded.name, is_active = excluded.is_active, as_of = excluded.as_of
		where m.as_of <= excluded.as_of`, merchantID, name, isActive, at)
	if err != nil {
		return fmt.Errorf("store merchant: %w", err)
	}
	return nil
}

// readOne reads the only row of a query, readAll every row.
func readOne[T any](ctx context.Context, db pg.DB, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectExactlyOneRow(rows, scan)
}

func readAll[T any](ctx context.Context, db pg.Reader, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// wasActive returns true for an unknown merchant.
func wasActive(ctx context.Context, tx pgx.Tx, merchantID string) (isActive bool, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select is_active from menu_merchants where merchant_id = $1), true)`, merchantID).Scan(&isActive)
	if err != nil {
		return false, fmt.Errorf("read merchant: %w", err)
	}
	return isActive, nil
}
