package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// Products is the Catalog backed by the products table.
type Products struct{}

// maxStock is the limit of the table: goods returned beyond it are dropped.
const maxStock = 1_000_000

const productColumns = `id::text, name, description, category, image_url, price_ttc, vat_rate`

func scanProduct(row pgx.CollectableRow) (Product, error) {
	var p Product
	err := row.Scan(&p.ID, &p.Name, &p.Description, &p.Category, &p.ImageURL, &p.Price, &p.VATPerMill)
	return p, err
}

// Menu implements Catalog.
func (Products) Menu(ctx context.Context, db pg.DB, merchantID string) ([]Product, error) {
	list, err := readAll(ctx, db, scanProduct, `select `+productColumns+` from products
		where merchant_id = $1 and is_available and stock_quantity > 0 order by category collate "C", search_key, id`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("read menu: %w", err)
	}
	return list, nil
}

// Reserve implements Catalog. Rows are locked in the order of their ids, so that orders cannot deadlock.
func (Products) Reserve(ctx context.Context, tx pgx.Tx, merchantID string, wanted []Quantity) (map[string]Product, []string, error) {
	ids, counts := columns(wanted)
	rows, err := tx.Query(ctx, `select `+productColumns+`, stock_quantity from products
		where merchant_id = $1 and id = any($2::text[]::uuid[]) and is_available order by id for no key update`, merchantID, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("lock products: %w", err)
	}
	defer rows.Close()
	found, stock := make(map[string]Product, len(ids)), make(map[string]int32, len(ids))
	for rows.Next() {
		var p Product
		var left int32
		if err := rows.Scan(&p.ID, &p.Name, &p.Description, &p.Category, &p.ImageURL, &p.Price, &p.VATPerMill, &left); err != nil {
			return nil, nil, fmt.Errorf("lock products: %w", err)
		}
		found[p.ID], stock[p.ID] = p, left
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("lock products: %w", err)
	}
	var short []string
	soldOut := false
	for _, w := range wanted {
		if stock[w.ProductID] < w.Count {
			short = append(short, w.ProductID)
		}
		soldOut = soldOut || stock[w.ProductID] == w.Count
	}
	if len(short) > 0 {
		return nil, short, nil
	}
	_, err = tx.Exec(ctx, `update products p set stock_quantity = p.stock_quantity - w.count
		from unnest($2::text[]::uuid[], $3::int[]) as w (id, count) where p.merchant_id = $1 and p.id = w.id`, merchantID, ids, counts)
	if err != nil {
		return nil, nil, fmt.Errorf("reserve products: %w", err)
	}
	if soldOut {
		err = catalog.Bump(ctx, tx, merchantID)
	}
	return found, nil, err
}

// GiveBack implements Catalog.
func (Products) GiveBack(ctx context.Context, tx pgx.Tx, merchantID string, pieces []Quantity) error {
	ids, counts := columns(pieces)
	if _, err := tx.Exec(ctx, `select from products where merchant_id = $1 and id = any($2::text[]::uuid[]) order by id for no key update`,
		merchantID, ids); err != nil {
		return fmt.Errorf("lock products: %w", err)
	}
	var back bool
	err := tx.QueryRow(ctx, `with given as (
			update products p set stock_quantity = least(p.stock_quantity + w.count, $4)
			from unnest($2::text[]::uuid[], $3::int[]) as w (id, count) where p.merchant_id = $1 and p.id = w.id
			returning p.stock_quantity = w.count as was_out)
		select coalesce(bool_or(was_out), false) from given`, merchantID, ids, counts, maxStock).Scan(&back)
	if err != nil {
		return fmt.Errorf("return products: %w", err)
	}
	if !back {
		return nil
	}
	return catalog.Bump(ctx, tx, merchantID)
}

func columns(list []Quantity) (ids []string, counts []int32) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Quantity) int { return strings.Compare(a.ProductID, b.ProductID) })
	for _, q := range list {
		ids, counts = append(ids, q.ProductID), append(counts, q.Count)
	}
	return ids, counts
}
