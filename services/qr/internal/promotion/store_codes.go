package promotion

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const columns = `id::text, merchant_id::text, code, name, type, value, min_order_cents, max_uses, uses, products, categories, is_active, starts_at, ends_at,
	created_at, updated_at`

func scan(row pgx.CollectableRow) (*Code, error) {
	c := &Code{}
	err := row.Scan(&c.ID, &c.Merchant, &c.Text, &c.Name, &c.Type, &c.Value, &c.MinOrder, &c.MaxUses, &c.Uses, &c.Products, &c.Categories, &c.Active,
		&c.StartsAt, &c.EndsAt, &c.CreatedAt, &c.UpdatedAt)
	return c, err
}

func one(ctx context.Context, db pg.DB, sql string, args ...any) (*Code, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read promotion code: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound(noun)
	}
	if err != nil {
		return nil, fmt.Errorf("read promotion code: %w", err)
	}
	return c, nil
}

func readCode(ctx context.Context, db pg.DB, merchantID, id string) (*Code, error) {
	return one(ctx, db, `select `+columns+` from promotion_codes where merchant_id = $1 and id = $2`, merchantID, id)
}

func lockCode(ctx context.Context, tx pgx.Tx, merchantID, id string) (*Code, error) {
	return one(ctx, tx, `select `+columns+` from promotion_codes where merchant_id = $1 and id = $2 for no key update`, merchantID, id)
}

// Find returns the code that a guest typed and locks it until the end of the transaction, or returns Refused. Lock products and slots first.
func Find(ctx context.Context, tx pgx.Tx, merchantID, typed string, now time.Time) (*Code, error) {
	if !text.MatchString(normal(typed)) {
		return nil, Refused()
	}
	c, err := one(ctx, tx, `select `+columns+` from promotion_codes where merchant_id = $1 and code = $2 for no key update`, merchantID, normal(typed))
	if errs.Is(err, errs.NotFoundCode) || err == nil && !c.usable(now) {
		return nil, Refused()
	}
	return c, err
}

// Use counts an order of the locked code, or of one that an order had before, and reports whether there was one left. A code that is gone has no
// bound any more.
func Use(ctx context.Context, tx pgx.Tx, id string) (bool, error) {
	var left bool
	err := tx.QueryRow(ctx, `with used as (update promotion_codes set uses = uses + 1 where id = $1 and (max_uses = 0 or uses < max_uses) returning 1)
		select exists (select from used) or not exists (select from promotion_codes where id = $1)`, id).Scan(&left)
	if err != nil {
		return false, fmt.Errorf("use promotion code: %w", err)
	}
	return left, nil
}

// GiveBack takes an order off the count.
func GiveBack(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `update promotion_codes set uses = uses - 1 where id = $1 and uses > 0`, id); err != nil {
		return fmt.Errorf("give back promotion code: %w", err)
	}
	return nil
}

// listCodes returns one page, oldest first, and the total of at most maxCodes.
func listCodes(ctx context.Context, db pg.DB, merchantID string, limit, offset int64) ([]*Code, int64, error) {
	var total int64
	if err := db.QueryRow(ctx, `select count(*) from promotion_codes where merchant_id = $1`, merchantID).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count promotion codes: %w", err)
	}
	rows, err := db.Query(ctx, `select `+columns+` from promotion_codes where merchant_id = $1 order by created_at, id limit $2 offset $3`, merchantID, limit, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("list promotion codes: %w", err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, 0, fmt.Errorf("list promotion codes: %w", err)
	}
	return list, total, nil
}

// uniqueViolation is PostgreSQL's code for a second row with the same key.
const uniqueViolation = "23505"

// insertCode refuses more codes than the maximum, and one that the merchant has.
func insertCode(ctx context.Context, tx pgx.Tx, c *Code) error {
	var n int64
	if err := tx.QueryRow(ctx, `select count(*) from promotion_codes where merchant_id = $1`, c.Merchant).Scan(&n); err != nil {
		return fmt.Errorf("count promotion codes: %w", err)
	}
	if n >= maxCodes {
		return errs.New(errs.InvalidState, "You can have at most %d promotion codes. Delete one first.", maxCodes)
	}
	_, err := tx.Exec(ctx, `insert into promotion_codes (id, merchant_id, code, name, type, value, min_order_cents, max_uses, products, categories, is_active,
		starts_at, ends_at, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)`,
		c.ID, c.Merchant, c.Text, c.Name, c.Type, c.Value, c.MinOrder, c.MaxUses, filled(c.Products), filled(c.Categories), c.Active,
		c.StartsAt, c.EndsAt, c.CreatedAt)
	if known := (*pgconn.PgError)(nil); errors.As(err, &known) && known.Code == uniqueViolation {
		return errs.New(errs.AlreadyExists, "You have this promotion code already. Change it, or choose another one.")
	}
	if err != nil {
		return fmt.Errorf("insert promotion code: %w", err)
	}
	return nil
}

// filled is never null.
func filled(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func updateCode(ctx context.Context, tx pgx.Tx, c *Code) error {
	_, err := tx.Exec(ctx, `update promotion_codes set name = $2, type = $3, value = $4, min_order_cents = $5, max_uses = $6, products = $7, categories = $8,
		is_active = $9, starts_at = $10, ends_at = $11, updated_at = $12 where id = $1`,
		c.ID, c.Name, c.Type, c.Value, c.MinOrder, c.MaxUses, filled(c.Products), filled(c.Categories), c.Active, c.StartsAt, c.EndsAt, c.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update promotion code: %w", err)
	}
	return nil
}

func deleteCode(ctx context.Context, db pg.DB, merchantID, id string) error {
	tag, err := db.Exec(ctx, `delete from promotion_codes where merchant_id = $1 and id = $2`, merchantID, id)
	if err != nil {
		return fmt.Errorf("delete promotion code: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(noun)
	}
	return nil
}
