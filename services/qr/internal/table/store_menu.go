package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/hours"
)

// readVersion returns 0 for a merchant whose menu has never changed.
func readVersion(ctx context.Context, db pg.DB, merchantID string) (version int64, err error) {
	err = db.QueryRow(ctx, `select coalesce((select version from menu_versions where merchant_id = $1), 0)`, merchantID).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the menu's version: %w", err)
	}
	return version, nil
}

// readContent reads everything from one snapshot.
func readContent(ctx context.Context, pool *pgxpool.Pool, merchantID string) (*content, error) {
	c := &content{merchant: merchantID}
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		if c.version, err = readVersion(ctx, tx, merchantID); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `select name from menu_merchants where merchant_id = $1 and is_active`, merchantID).Scan(&c.name)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the menu's merchant: %w", err)
		}
		c.known = true
		if c.tables, err = readAll(ctx, tx, scanTable, `select `+tableColumns+` from dining_tables where merchant_id = $1 and status = 'active'`, merchantID); err != nil {
			return fmt.Errorf("read the menu's tables: %w", err)
		}
		if c.products, err = catalog.Menu(ctx, tx, merchantID); err != nil {
			return err
		}
		if c.groups, c.groupsOf, err = catalog.MenuGroups(ctx, tx, merchantID, nil); err != nil {
			return err
		}
		if err = c.readOffered(ctx, tx); err != nil {
			return err
		}
		if c.hours, err = hours.Read(ctx, tx, merchantID); err != nil {
			return err
		}
		c.offers, err = offersOf(ctx, tx, merchantID)
		return err
	})
	return c, err
}
