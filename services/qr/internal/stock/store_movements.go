package stock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

// Queue adds to a batch what says why the stock changes from there to the end of the transaction.
func (c Cause) Queue(b *pgx.Batch) {
	about := map[string]any{"reason": c.Reason, "reference": c.Reference, "actor": c.Actor, "at": c.At.UTC()}
	if c.ID != "" {
		about["id"] = c.ID
	}
	text, _ := json.Marshal(about) // texts and a time always have one
	b.Queue(`select set_config('eupay.stock_cause', $1, true)`, string(text))
}

const movementColumns = `m.id::text, m.product_id::text, coalesce(m.variant_id::text, ''), m.name, m.reason, m.quantity, m.stock_before, m.stock_after, m.reference,
	m.actor, m.sequence, m.occurred_at`

func (m *Movement) fields() []any {
	return []any{
		&m.ID, &m.ProductID, &m.VariantID, &m.Name, &m.Reason, &m.Quantity, &m.Before, &m.After, &m.Reference, &m.Actor, &m.Sequence, &m.At,
	}
}

func scanMovement(row pgx.CollectableRow) (Movement, error) {
	var m Movement
	err := row.Scan(m.fields()...)
	return m, err
}

// takeAlerts returns the merchant's alerts that are due, and ends them.
func takeAlerts(ctx context.Context, tx pgx.Tx, merchantID string) ([]alert, error) {
	rows, err := tx.Query(ctx, `with m as (update stock_movements set alert_due = false where merchant_id = $1 and alert_due returning *)
		select `+movementColumns+`, coalesce(m.low_stock_at, 0), coalesce(v.sku, p.sku, ''), coalesce(v.ean, p.ean, '')
		from m left join products p on p.id = m.product_id left join product_variants v on v.id = m.variant_id order by m.position`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("take alerts: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (alert, error) {
		var a alert
		err := row.Scan(append(a.fields(), &a.Threshold, &a.SKU, &a.EAN)...)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("take alerts: %w", err)
	}
	return list, nil
}

// Latest returns the last movement of an item: a variant, or a product.
func Latest(ctx context.Context, db pg.Reader, itemID string) (Movement, error) {
	return one(ctx, db, `select `+movementColumns+` from stock_movements m where m.item_id = $1 order by m.sequence desc limit 1`, itemID)
}

// Get returns a merchant's movement, or NOT_FOUND.
func Get(ctx context.Context, db pg.Reader, merchantID, id string) (Movement, error) {
	return one(ctx, db, `select `+movementColumns+` from stock_movements m where m.merchant_id = $1 and m.id = $2`, merchantID, id)
}

func one(ctx context.Context, db pg.Reader, sql string, args ...any) (Movement, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return Movement{}, fmt.Errorf("read movement: %w", err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMovement)
	if errors.Is(err, pgx.ErrNoRows) {
		return Movement{}, errs.NotFound("Movement")
	}
	if err != nil {
		return Movement{}, fmt.Errorf("read movement: %w", err)
	}
	return m, nil
}

// Filter selects movements of a merchant. Empty: of all products, of all variants, from the newest on.
type Filter struct{ ProductID, VariantID, After string }

// List returns movements, the newest first, and whether there are more.
func List(ctx context.Context, db pg.Reader, merchantID string, f Filter, limit int) (list []Movement, more bool, err error) {
	where, args := `m.merchant_id = $1`, []any{merchantID, limit + 1}
	narrow := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			where += fmt.Sprintf(condition, len(args))
		}
	}
	narrow(` and m.product_id = $%d`, f.ProductID)
	narrow(` and m.variant_id = $%d`, f.VariantID)
	narrow(` and m.position < (select position from stock_movements where id = $%d and merchant_id = $1)`, f.After)
	rows, err := db.Query(ctx, `select `+movementColumns+` from stock_movements m where `+where+` order by m.position desc limit $2`, args...)
	if err != nil {
		return nil, false, fmt.Errorf("list movements: %w", err)
	}
	list, err = pgx.CollectRows(rows, scanMovement)
	if err != nil {
		return nil, false, fmt.Errorf("list movements: %w", err)
	}
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	return list, more, nil
}

// Low is a product or variant that is sold out or has reached its threshold.
type Low struct {
	ProductID, VariantID, Name, SKU, EAN string
	// Threshold 0: none.
	Stock, Threshold int32
}

// A merchant has at most 10,000 products and 20,000 variants, so they are looked through and counted one by one.
const lowItems = ` from (
		select id as product_id, null::uuid as variant_id, name, sku, ean, stock_quantity, low_stock_at, search_key from products
			where merchant_id = $1 and not has_variants and is_available and (stock_quantity = 0 or stock_quantity <= low_stock_at)
		union all
		select p.id, v.id, p.name || ' (' || v.name || ')', v.sku, v.ean, v.stock_quantity, v.low_stock_at, p.search_key
			from product_variants v join products p on p.id = v.product_id
			where v.merchant_id = $1 and v.is_available and p.is_available and (v.stock_quantity = 0 or v.stock_quantity <= v.low_stock_at)) low`

// ListLow returns one page of what a merchant sells and is sold out or has reached its threshold, by name, and how many there are.
func ListLow(ctx context.Context, db pg.Reader, merchantID string, page, limit int) (list []Low, total int64, err error) {
	if err := db.QueryRow(ctx, `select count(*)`+lowItems, merchantID).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count what runs low: %w", err)
	}
	rows, err := db.Query(ctx, `select product_id::text, coalesce(variant_id::text, ''), name, sku, ean, stock_quantity, coalesce(low_stock_at, 0)`+lowItems+`
		order by search_key, product_id, variant_id limit $2 offset $3`, merchantID, limit, (page-1)*limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list what runs low: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Low, err error) {
		return l, row.Scan(&l.ProductID, &l.VariantID, &l.Name, &l.SKU, &l.EAN, &l.Stock, &l.Threshold)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list what runs low: %w", err)
	}
	return list, total, nil
}
