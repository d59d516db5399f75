package catalog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// Orderable is the part of a product that menus and orders need.
type Orderable struct {
	ID, Name, Description, Category, ImageURL string
	// Price includes VAT.
	Price      money.Cents
	VATPerMill vat.Rate
	Allergens  Allergens
	Details
	// HasVariants: one of the Variants has to be chosen. Menu sets those that are available; of a piece it is the one that was chosen.
	HasVariants bool
	Variants    []Variant
}

// Quantity is a number of pieces of one product, or of one variant of it.
type Quantity struct {
	ProductID string
	VariantID string
	Count     int32
}

// Key identifies what it is a quantity of.
func (q Quantity) Key() string {
	if q.VariantID == "" {
		return q.ProductID
	}
	return q.ProductID + "/" + q.VariantID
}

const orderableColumns = `id::text, name, description, category, image_url, price_ttc, vat_rate, allergens, has_variants` + detailColumns

func (p *Orderable) columns() []any {
	return append([]any{&p.ID, &p.Name, &p.Description, &p.Category, &p.ImageURL, &p.Price, &p.VATPerMill, &p.Allergens, &p.HasVariants}, p.Details.columns()...)
}

func scanOrderable(row pgx.CollectableRow) (Orderable, error) {
	var p Orderable
	err := row.Scan(p.columns()...)
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
	return menuVariants(ctx, db, list)
}

// Reserve takes the pieces from the stock, all or none, because of cause, and returns what they are now by the key of their quantity: of a variant,
// the product with the variant's name and price. The quantities must be of distinct things. short lists the keys of those that are not available: of
// another merchant, unknown, disabled, sold out or out of stock, or a product with variants without one; the products of all others are returned, too. Rows
// are locked in the order of their ids, so that orders cannot deadlock.
func Reserve(ctx context.Context, tx pgx.Tx, merchantID string, wanted []Quantity, cause stock.Cause) (products map[string]Orderable, short []string, err error) {
	shelf, err := lockShelf(ctx, tx, merchantID, wanted)
	if err != nil {
		return nil, nil, err
	}
	out, low := false, false
	found := make(map[string]Orderable, len(wanted))
	for _, w := range wanted {
		p, left := shelf.find(w)
		if p != nil {
			found[w.Key()] = p.Orderable
		}
		if p == nil || p.can(left.stock, cause.At) < w.Count || p.HasVariants != (w.VariantID != "") {
			short = append(short, w.Key())
			continue
		}
		if p.Unlimited && !p.HasVariants {
			continue
		}
		out = out || left.stock == w.Count
		low = low || left.lowAt > 0 && left.stock > left.lowAt && left.stock-w.Count <= left.lowAt
	}
	if len(short) > 0 {
		return found, short, nil
	}
	if err := takePieces(ctx, tx, merchantID, wanted, cause); err != nil {
		return nil, nil, err
	}
	if out || low {
		if err := stock.Announce(ctx, tx, merchantID, cause.At); err != nil {
			return nil, nil, err
		}
	}
	if out {
		err = Bump(ctx, tx, merchantID)
	}
	return found, nil, err
}

// GiveBack returns pieces to the stock because of cause. Deleted products and variants are skipped, as is a product that has variants since.
func GiveBack(ctx context.Context, tx pgx.Tx, merchantID string, pieces []Quantity, cause stock.Cause) error {
	if _, err := lockShelf(ctx, tx, merchantID, pieces); err != nil {
		return err
	}
	back, err := returnPieces(ctx, tx, merchantID, pieces, cause)
	if err != nil || !back {
		return err
	}
	return Bump(ctx, tx, merchantID)
}

// can is how many pieces can be ordered of what is left.
func (p Orderable) can(left int32, now time.Time) int32 {
	switch {
	case p.IsSoldOut(now):
		return 0
	case p.Unlimited && !p.HasVariants:
		return math.MaxInt32
	default:
		return left
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
