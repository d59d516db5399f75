package catalog

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
)

// Orderable is the part of a product that menus and orders need.
type Orderable struct {
	ID, Name, Description, Category, ImageURL string
	// Price includes VAT.
	Price      money.Cents
	VATPerMill vat.Rate
	Allergens  Allergens
	Details
	// Left is the stock, which does not count for Unlimited products.
	Left int32
}

// Quantity is a number of pieces of one product.
type Quantity struct {
	ProductID string
	Count     int32
}

// maxStock is the limit of the table: goods returned beyond it are dropped.
const maxStock = 1_000_000

const orderableColumns = `id::text, name, description, category, image_url, price_ttc, vat_rate, allergens, stock_quantity` + detailColumns

func scanOrderable(row pgx.CollectableRow) (Orderable, error) {
	var p Orderable
	err := row.Scan(append([]any{&p.ID, &p.Name, &p.Description, &p.Category, &p.ImageURL, &p.Price, &p.VATPerMill, &p.Allergens, &p.Left}, p.Details.columns()...)...)
	return p, err
}

// Menu returns the merchant's products that are in stock, by category, position, name and id, without the parts of set menus. Some may be marked as
// sold out.
func Menu(ctx context.Context, db pg.DB, merchantID string) ([]Orderable, error) {
	rows, err := db.Query(ctx, `select `+orderableColumns+` from products
		where merchant_id = $1 and is_available and (stock_quantity > 0 or stock_unlimited) order by category collate "C", position, search_key, id`, merchantID)
	if err != nil {
		return nil, fmt.Errorf("read menu: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrderable)
	if err != nil {
		return nil, fmt.Errorf("read menu: %w", err)
	}
	return list, nil
}

// Reserve takes the pieces from the stock, all or none, and returns the current products by id. The ids must be distinct.
// short lists those that are not available: of another merchant, unknown, disabled, sold out or out of stock. Rows are locked in the order of their
// ids, so that orders cannot deadlock.
func Reserve(ctx context.Context, tx pgx.Tx, merchantID string, wanted []Quantity, now time.Time) (products map[string]Orderable, short []string, err error) {
	ids, counts := pieceColumns(wanted)
	rows, err := tx.Query(ctx, `select `+orderableColumns+` from products
		where merchant_id = $1 and id = any($2::text[]::uuid[]) and is_available order by id for no key update`, merchantID, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("lock products: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrderable)
	if err != nil {
		return nil, nil, fmt.Errorf("lock products: %w", err)
	}
	found, stock := make(map[string]Orderable, len(ids)), make(map[string]int32, len(ids))
	for _, p := range list {
		found[p.ID], stock[p.ID] = p, p.can(now)
	}
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
		from unnest($2::text[]::uuid[], $3::int[]) as w (id, count) where p.merchant_id = $1 and p.id = w.id and not p.stock_unlimited`, merchantID, ids, counts)
	if err != nil {
		return nil, nil, fmt.Errorf("reserve products: %w", err)
	}
	if soldOut {
		err = Bump(ctx, tx, merchantID)
	}
	return found, nil, err
}

// GiveBack returns pieces to the stock. Deleted products are skipped.
func GiveBack(ctx context.Context, tx pgx.Tx, merchantID string, pieces []Quantity) error {
	ids, counts := pieceColumns(pieces)
	if _, err := tx.Exec(ctx, `select from products where merchant_id = $1 and id = any($2::text[]::uuid[]) order by id for no key update`,
		merchantID, ids); err != nil {
		return fmt.Errorf("lock products: %w", err)
	}
	var back bool
	err := tx.QueryRow(ctx, `with given as (
			update products p set stock_quantity = least(p.stock_quantity + w.count, $4)
			from unnest($2::text[]::uuid[], $3::int[]) as w (id, count) where p.merchant_id = $1 and p.id = w.id and not p.stock_unlimited
			returning p.stock_quantity = w.count as was_out)
		select coalesce(bool_or(was_out), false) from given`, merchantID, ids, counts, maxStock).Scan(&back)
	if err != nil {
		return fmt.Errorf("return products: %w", err)
	}
	if !back {
		return nil
	}
	return Bump(ctx, tx, merchantID)
}

// can is how many pieces can be ordered.
func (p Orderable) can(now time.Time) int32 {
	switch {
	case soldOut(p.SoldOut, p.SoldOutUntil, now):
		return 0
	case p.Unlimited:
		return math.MaxInt32
	default:
		return p.Left
	}
}

// IsSoldOut reports whether the product is marked as sold out at that time.
func (p Orderable) IsSoldOut(now time.Time) bool { return soldOut(p.SoldOut, p.SoldOutUntil, now) }

// Rate is the product's rate of VAT where it is eaten here, or taken away.
func (p Orderable) Rate(takeaway bool) vat.Rate {
	if takeaway && p.TakeawayVAT != 0 {
		return p.TakeawayVAT
	}
	return p.VATPerMill
}

// IsSetMenu reports whether guests choose its parts.
func (p Orderable) IsSetMenu() bool { return p.Kind == setMenu }

// pieceColumns returns ids and counts, ordered by id, as two arrays for unnest.
func pieceColumns(list []Quantity) (ids []string, counts []int32) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Quantity) int { return strings.Compare(a.ProductID, b.ProductID) })
	for _, q := range list {
		ids, counts = append(ids, q.ProductID), append(counts, q.Count)
	}
	return ids, counts
}
