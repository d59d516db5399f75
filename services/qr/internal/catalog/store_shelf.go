package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// shelf is the locked stock of products and variants, by the key of their quantity.
type shelf struct {
	products map[string]*shelved
	variants map[string]Variant
}

// shelved is a product on the shelf with its own stock.
type shelved struct {
	Orderable
	level
}

// level is a stock, and the threshold at which the merchant is told; 0: none.
type level struct{ stock, lowAt int32 }

// find returns what a quantity is of, as it is ordered, and its level; nil if there is no such thing.
func (s *shelf) find(q Quantity) (*shelved, level) {
	p := s.products[q.ProductID]
	if p == nil || q.VariantID == "" {
		if p == nil {
			return nil, level{}
		}
		return p, p.level
	}
	v, ok := s.variants[q.VariantID]
	if !ok || v.ProductID != q.ProductID {
		return nil, level{}
	}
	chosen := *p
	chosen.Name, chosen.Price, chosen.Variants = named(p.Name, v.Name), v.PriceOf(p.Price), []Variant{v}
	return &chosen, level{v.Stock, v.LowStockAt}
}

// lockShelf locks the merchant's available products among the pieces, in the order of their ids. Whoever changes a variant locks its product.
func lockShelf(ctx context.Context, tx pgx.Tx, merchantID string, pieces []Quantity) (*shelf, error) {
	s := &shelf{products: make(map[string]*shelved), variants: make(map[string]Variant)}
	c := columnsOf(pieces)
	rows, err := tx.Query(ctx, `select `+orderableColumns+`, stock_quantity, coalesce(low_stock_at, 0), is_available from products
		where merchant_id = $1 and id = any($2::text[]::uuid[]) order by id for no key update`, merchantID, c.products)
	if err != nil {
		return nil, fmt.Errorf("lock products: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p := &shelved{}
		var available bool
		if err := rows.Scan(append(p.columns(), &p.stock, &p.lowAt, &available)...); err != nil {
			return nil, fmt.Errorf("lock products: %w", err)
		}
		if available {
			s.products[p.ID] = p
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lock products: %w", err)
	}
	if !c.withVariants() {
		return s, nil
	}
	list, err := variants(ctx, tx, `select `+variantColumns+` from product_variants where merchant_id = $1 and id = any($2::text[]::uuid[]) and is_available`,
		merchantID, c.chosen())
	for _, v := range list {
		s.variants[v.ID] = v
	}
	return s, err
}

// pieceColumns are ids and counts, ordered by their key, as arrays for unnest. The variant of a product itself is empty.
type pieceColumns struct {
	products, variants []string
	counts             []int32
}

func columnsOf(list []Quantity) pieceColumns {
	var c pieceColumns
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Quantity) int { return strings.Compare(a.Key(), b.Key()) })
	for _, q := range list {
		c.products, c.variants, c.counts = append(c.products, q.ProductID), append(c.variants, q.VariantID), append(c.counts, q.Count)
	}
	return c
}

func (c pieceColumns) chosen() []string {
	return slices.DeleteFunc(slices.Clone(c.variants), func(id string) bool { return id == "" })
}

func (c pieceColumns) withVariants() bool { return len(c.chosen()) > 0 }

// pieces are the columns as a table of a statement.
const pieces = `(select nullif(product, '')::uuid as product, nullif(variant, '')::uuid as variant, count
	from unnest($2::text[], $3::text[], $4::int[]) as given (product, variant, count)) w`

// takePieces takes locked pieces, of which there are enough.
func takePieces(ctx context.Context, tx pgx.Tx, merchantID string, wanted []Quantity, cause stock.Cause) error {
	c, b := columnsOf(wanted), &pgx.Batch{}
	cause.Queue(b)
	b.Queue(`update products p set stock_quantity = p.stock_quantity - w.count from `+pieces+`
		where p.merchant_id = $1 and p.id = w.product and w.variant is null and not p.stock_unlimited`, merchantID, c.products, c.variants, c.counts)
	if c.withVariants() {
		b.Queue(`update product_variants v set stock_quantity = v.stock_quantity - w.count from `+pieces+`
			where v.merchant_id = $1 and v.id = w.variant`, merchantID, c.products, c.variants, c.counts)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("reserve products: %w", err)
	}
	return nil
}

// returnPieces reports whether something was sold out before. What goes beyond the limit of the table is dropped.
func returnPieces(ctx context.Context, tx pgx.Tx, merchantID string, list []Quantity, cause stock.Cause) (back bool, err error) {
	c, b := columnsOf(list), &pgx.Batch{}
	wasOut := func(row pgx.Row) error {
		var out bool
		err := row.Scan(&out)
		back = back || out
		return err
	}
	cause.Queue(b)
	b.Queue(`with given as (
			update products p set stock_quantity = least(p.stock_quantity + w.count, $5) from `+pieces+`
			where p.merchant_id = $1 and p.id = w.product and w.variant is null and not p.has_variants and not p.stock_unlimited returning p.stock_quantity = w.count as was_out)
		select coalesce(bool_or(was_out), false) from given`, merchantID, c.products, c.variants, c.counts, MaxStock).QueryRow(wasOut)
	if c.withVariants() {
		b.Queue(`with given as (
				update product_variants v set stock_quantity = least(v.stock_quantity + w.count, $5) from `+pieces+`
				where v.merchant_id = $1 and v.id = w.variant returning v.stock_quantity = w.count as was_out)
			select coalesce(bool_or(was_out), false) from given`, merchantID, c.products, c.variants, c.counts, MaxStock).QueryRow(wasOut)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return false, fmt.Errorf("return products: %w", err)
	}
	return back, nil
}

// menuVariants adds the available variants to the products of a menu, and leaves out products of which all variants are gone.
func menuVariants(ctx context.Context, db pg.Reader, list []Orderable) ([]Orderable, error) {
	at, ids := make(map[string]*Orderable), []string(nil)
	for i := range list {
		if list[i].HasVariants {
			at[list[i].ID], ids = &list[i], append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return list, nil
	}
	found, err := variants(ctx, db, `select `+variantColumns+` from product_variants where product_id = any($1::text[]::uuid[]) and is_available
		order by product_id, position, id`, ids)
	if err != nil {
		return nil, err
	}
	for _, v := range found {
		p := at[v.ProductID]
		p.Variants = append(p.Variants, v)
	}
	return slices.DeleteFunc(list, func(p Orderable) bool {
		return p.HasVariants && !slices.ContainsFunc(p.Variants, func(v Variant) bool { return v.Stock > 0 })
	}), nil
}
