package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

const variantColumns = `id::text, merchant_id::text, product_id::text, name, attributes, sku, ean, price_ttc, stock_quantity, coalesce(low_stock_at, 0),
	is_available, created_at, updated_at`

func scanVariant(row pgx.CollectableRow) (Variant, error) {
	var v Variant
	err := row.Scan(&v.ID, &v.MerchantID, &v.ProductID, &v.Name, &v.Attributes, &v.SKU, &v.EAN, &v.Price, &v.Stock, &v.LowStockAt, &v.Available,
		&v.CreatedAt, &v.UpdatedAt)
	return v, err
}

// variants runs a query for variantColumns.
func variants(ctx context.Context, db pg.Reader, sql string, args ...any) ([]Variant, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read variants: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanVariant)
	if err != nil {
		return nil, fmt.Errorf("read variants: %w", err)
	}
	return list, nil
}

// readVariants reads the variants of the products that have some.
func readVariants(ctx context.Context, db pg.Reader, list []Product) error {
	at, ids := make(map[string]*Product), []string(nil)
	for i := range list {
		if list[i].hasVariants {
			at[list[i].ID], ids = &list[i], append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := variants(ctx, db, `select `+variantColumns+` from product_variants where product_id = any($1::text[]::uuid[]) order by product_id, position, id`, ids)
	if err != nil {
		return err
	}
	for _, v := range found {
		p := at[v.ProductID]
		p.Variants = append(p.Variants, v)
	}
	return nil
}

// saveCodes writes the codes and the threshold of a product that tx has locked or made.
func (f Fields) saveCodes(ctx context.Context, tx pgx.Tx, p *Product) error {
	if !f.codes.given() {
		return nil
	}
	_, err := tx.Exec(ctx, `update products set sku = $2, ean = $3, low_stock_at = nullif($4, 0) where id = $1`, p.ID, p.SKU, p.EAN, p.LowStockAt)
	if err != nil {
		return codeTaken(fmt.Errorf("save a product's codes: %w", err))
	}
	return nil
}

// saveShop does so before the product is saved, and says that the merchant corrects its stock.
func (f Fields) saveShop(ctx context.Context, tx pgx.Tx, p *Product, now time.Time) error {
	if f.Stock != nil {
		if err := (stock.Cause{Reason: stock.Correction, Actor: f.Actor, At: now}).Set(ctx, tx); err != nil {
			return err
		}
	}
	return f.saveCodes(ctx, tx, p)
}

// opening is why a new product has a stock.
func (f Fields) opening(now time.Time) stock.Cause {
	return stock.Cause{Reason: stock.Count, Actor: f.Actor, At: now}
}

// checkStockOf refuses a stock for a product whose variants have it.
func (f Fields) checkStockOf(p Product) error {
	if f.Stock == nil || !p.hasVariants || *f.Stock == p.Stock {
		return nil
	}
	return errs.Invalid(errs.Field{Field: "stock_quantity", Message: "stock_quantity cannot be set for a product with variants: set it for each variant."})
}

// codeTaken explains that a code is another product's.
func codeTaken(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.ConstraintName != "product_codes_pkey" {
		return err
	}
	return errs.New(errs.AlreadyExists, "Another product or variant has this sku or ean. Each code leads to one of them.")
}

// CreateVariant adds a variant to a merchant's product. The first one takes the stock over: what the product had itself is corrected to nothing.
func (s *Store) CreateVariant(ctx context.Context, merchantID, productID, actor string, f VariantFields) (Variant, error) {
	if err := f.complete(); err != nil {
		return Variant{}, err
	}
	var v Variant
	err := s.changeProduct(ctx, merchantID, productID, actor, func(tx pgx.Tx, p *Product) error {
		var err error
		v, err = s.insertVariant(ctx, tx, p, f)
		return err
	})
	return v, err
}

// changeProduct applies do to a merchant's locked product, in a transaction that says who changes its stock and announces what became of it.
func (s *Store) changeProduct(ctx context.Context, merchantID, productID, actor string, do func(pgx.Tx, *Product) error) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		p, err := readOne(ctx, tx, merchantID, productID, "for update")
		if err != nil {
			return err
		}
		if err := (stock.Cause{Reason: stock.Correction, Actor: actor, At: s.now()}).Set(ctx, tx); err != nil {
			return err
		}
		if err := do(tx, &p); err != nil {
			return err
		}
		if p, err = readOne(ctx, tx, merchantID, productID, ""); err != nil {
			return err
		}
		if err := stock.Announce(ctx, tx, merchantID, s.now()); err != nil {
			return err
		}
		if err := Bump(ctx, tx, merchantID); err != nil {
			return err
		}
		return announce(ctx, tx, p, "updated", s.now())
	})
}

// insertVariant adds a variant to the locked product p, after those that it has.
func (s *Store) insertVariant(ctx context.Context, tx pgx.Tx, p *Product, f VariantFields) (Variant, error) {
	v := Variant{ID: events.NewID(), MerchantID: p.MerchantID, ProductID: p.ID, Available: true, Attributes: map[string]string{}, CreatedAt: s.now(), UpdatedAt: s.now()}
	f.fill(&v)
	var total int
	if err := tx.QueryRow(ctx, `select count(*) from product_variants where merchant_id = $1`, p.MerchantID).Scan(&total); err != nil {
		return v, fmt.Errorf("count variants: %w", err)
	}
	if len(p.Variants) >= maxVariants || total >= maxVariantsOfAll {
		return v, errs.New(errs.InvalidState, "A product has at most %d variants, and a catalog %d. Delete what is no longer sold.", maxVariants, maxVariantsOfAll)
	}
	_, err := tx.Exec(ctx, `insert into product_variants (id, merchant_id, product_id, position, name, attributes, sku, ean, price_ttc, stock_quantity, low_stock_at,
			is_available, created_at, updated_at)
		values ($1, $2, $3, (select coalesce(max(position), 0) + 1 from product_variants where product_id = $3), $4, $5, $6, $7, $8, $9, nullif($10, 0), $11, $12, $12)`,
		v.ID, v.MerchantID, v.ProductID, v.Name, v.Attributes, v.SKU, v.EAN, v.Price, v.Stock, v.LowStockAt, v.Available, v.CreatedAt)
	if err != nil {
		return v, codeTaken(fmt.Errorf("insert variant: %w", err))
	}
	p.Variants, p.hasVariants = append(p.Variants, v), true
	return v, nil
}

// UpdateVariant changes the given fields of a variant of a merchant's product.
func (s *Store) UpdateVariant(ctx context.Context, merchantID, productID, id, actor string, f VariantFields) (Variant, error) {
	if err := f.check(); err != nil {
		return Variant{}, err
	}
	var v Variant
	err := s.changeProduct(ctx, merchantID, productID, actor, func(tx pgx.Tx, p *Product) error {
		at := p.variant(id)
		if at == nil {
			return errs.NotFound(variantNoun)
		}
		f.fill(at)
		v = *at
		return s.writeVariant(ctx, tx, &v)
	})
	return v, err
}

// writeVariant writes a variant whose product tx has locked.
func (s *Store) writeVariant(ctx context.Context, tx pgx.Tx, v *Variant) error {
	v.UpdatedAt = s.now()
	_, err := tx.Exec(ctx, `update product_variants set name = $2, attributes = $3, sku = $4, ean = $5, price_ttc = $6, stock_quantity = $7, low_stock_at = nullif($8, 0),
		is_available = $9, updated_at = $10 where id = $1`,
		v.ID, v.Name, v.Attributes, v.SKU, v.EAN, v.Price, v.Stock, v.LowStockAt, v.Available, v.UpdatedAt)
	if err != nil {
		return codeTaken(fmt.Errorf("update variant: %w", err))
	}
	return nil
}

// DeleteVariant permanently deletes a variant of a merchant's product.
func (s *Store) DeleteVariant(ctx context.Context, merchantID, productID, id, actor string) error {
	return s.changeProduct(ctx, merchantID, productID, actor, func(tx pgx.Tx, p *Product) error {
		if p.variant(id) == nil {
			return errs.NotFound(variantNoun)
		}
		if _, err := tx.Exec(ctx, `delete from product_variants where id = $1`, id); err != nil {
			return fmt.Errorf("delete variant: %w", err)
		}
		return nil
	})
}

// variant returns the product's variant with the id; nil if it has none.
func (p *Product) variant(id string) *Variant {
	for i := range p.Variants {
		if p.Variants[i].ID == id {
			return &p.Variants[i]
		}
	}
	return nil
}

// ByEAN returns the merchant's product that has the code, or whose variant has it, with that variant's id; or NOT_FOUND.
func (s *Store) ByEAN(ctx context.Context, merchantID, ean string) (Product, string, error) {
	if !IsGTIN(ean) {
		return Product{}, "", errs.Invalid(errs.Field{Field: "ean", Message: "ean must be an EAN-8, UPC-A, EAN-13 or GTIN-14 with the right check digit."})
	}
	var product, variant string
	err := s.pool.QueryRow(ctx, `select product_id::text, coalesce(variant_id::text, '') from product_codes where merchant_id = $1 and kind = 'ean' and code = $2`,
		merchantID, gtinKey(ean)).Scan(&product, &variant)
	if errors.Is(err, pgx.ErrNoRows) {
		return Product{}, "", errs.NotFound(noun)
	}
	if err != nil {
		return Product{}, "", fmt.Errorf("find a product by its code: %w", err)
	}
	p, err := s.Get(ctx, merchantID, product)
	return p, variant, err
}
