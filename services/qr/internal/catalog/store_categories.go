package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Categories returns the categories that a merchant has put in order.
func Categories(ctx context.Context, db pg.DB, merchantID string) ([]Category, error) {
	return readCategoryRows(ctx, db, `select name, image_url, translations, 0 from categories where merchant_id = $1 order by position`, merchantID)
}

// AllCategories returns the categories in the order of the menu: those that the merchant has put in order, and then those that only products
// name, by name.
func (s *Store) AllCategories(ctx context.Context, merchantID string) ([]Category, error) {
	return readCategoryRows(ctx, s.pool, `with named as (select category as name, count(*)::int as products from products
			where merchant_id = $1 and category <> '' group by category), placed as (select * from categories where merchant_id = $1)
		select coalesce(p.name, n.name), coalesce(p.image_url, ''), coalesce(p.translations, '{}'), coalesce(n.products, 0)
		from placed p full join named n on n.name = p.name order by p.position nulls last, n.name collate "C"`, merchantID)
}

func readCategoryRows(ctx context.Context, db pg.DB, sql, merchantID string) ([]Category, error) {
	rows, err := db.Query(ctx, sql, merchantID)
	if err != nil {
		return nil, fmt.Errorf("read categories: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Category, err error) {
		return c, row.Scan(&c.Name, &c.ImageURL, &c.Translations, &c.Products)
	})
	if err != nil {
		return nil, fmt.Errorf("read categories: %w", err)
	}
	return list, nil
}

// ReplaceCategories sets the order and the look of a merchant's categories.
func (s *Store) ReplaceCategories(ctx context.Context, merchantID string, list []Category) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, c := range list {
			if err := (Fields{upload: c.upload}).attach(ctx, tx, s.now()); err != nil {
				return err
			}
		}
		// The lock on the version's row puts concurrent changes in line.
		if err := Bump(ctx, tx, merchantID); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`delete from categories where merchant_id = $1`, merchantID)
		for i, c := range list {
			b.Queue(`insert into categories (merchant_id, name, position, image_url, translations) values ($1, $2, $3, $4, $5)`,
				merchantID, c.Name, i, c.ImageURL, c.Translations.notNil())
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("write categories: %w", err)
		}
		return nil
	})
}
