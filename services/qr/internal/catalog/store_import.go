package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// importReference is what movements of an import are called.
const importReference = "import"

// Import applies the entries of a file, all or none, or with dryRun only reports what they would do. It changes the stock of what exists only with
// setStock: a file is older than what was sold since. Problems of a dry run are in the report, at most 100; otherwise they are a VALIDATION_ERROR.
func (s *Store) Import(ctx context.Context, merchantID, actor string, entries []Entry, problems []Problem, dryRun, setStock bool) (Report, error) {
	lock := "for update"
	if dryRun {
		lock = ""
	}
	var report Report
	err := s.change(ctx, func(tx pgx.Tx) error {
		if err := oneFile(ctx, tx, merchantID, dryRun); err != nil {
			return err
		}
		known, err := products(ctx, tx, `select `+columns+` from products where merchant_id = $1 order by id `+lock, merchantID)
		if err != nil {
			return fmt.Errorf("read catalog: %w", err)
		}
		p := planOf(merchantID, known, entries, problems, setStock)
		report = p.report
		report.Problems = report.Problems[:min(len(report.Problems), maxProblems)]
		if dryRun {
			return nil
		}
		if len(report.Problems) > 0 {
			return refused(report.Problems)
		}
		return s.write(ctx, tx, p, actor)
	})
	return report, err
}

// oneFile waits for another file of the merchant, so that the same file sent twice at once makes nothing twice.
func oneFile(ctx context.Context, tx pgx.Tx, merchantID string, dryRun bool) error {
	if dryRun {
		return nil
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('catalog_file ' || $1, 0))`, merchantID); err != nil {
		return fmt.Errorf("wait for another file: %w", err)
	}
	return nil
}

// maxProblems is how many problems of a file are named.
const maxProblems = 100

// refused names the problems by their line and column.
func refused(list []Problem) error {
	var fields []errs.Field
	slices.SortStableFunc(list, func(a, b Problem) int { return a.Line - b.Line })
	for _, p := range list {
		field := fmt.Sprintf("lines[%d]", p.Line)
		if p.Column != "" {
			field += "." + p.Column
		}
		fields = append(fields, errs.Field{Field: field, Message: fmt.Sprintf("Line %d: %s", p.Line, p.Message)})
	}
	return errs.Invalid(fields...)
}

// writeAtOnce is how many products are written in one batch.
const writeAtOnce = 200

// write writes what a plan makes new or changes.
func (s *Store) write(ctx context.Context, tx pgx.Tx, p *plan, actor string) error {
	now := s.now()
	if err := (stock.Cause{Reason: stock.Correction, Reference: importReference, Actor: actor, At: now}).Set(ctx, tx); err != nil {
		return err
	}
	changed := slices.DeleteFunc(slices.Clone(p.products), func(one *planned) bool { return !one.touched() })
	if len(changed) == 0 {
		return nil
	}
	for part := range slices.Chunk(changed, writeAtOnce) {
		b := &pgx.Batch{}
		for _, one := range part {
			if err := s.queue(ctx, b, one); err != nil {
				return err
			}
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return codeTaken(fmt.Errorf("write a file's products: %w", err))
		}
	}
	if err := stock.Announce(ctx, tx, p.merchant, now); err != nil {
		return err
	}
	return Bump(ctx, tx, p.merchant)
}

// touched reports whether the file changes the product or a variant of it.
func (one *planned) touched() bool {
	if one.line > 0 && one.changed() {
		return true
	}
	for i := range one.variants {
		if one.variantChanged(i) {
			return true
		}
	}
	return false
}

// queue adds to a batch what writes a product that the file changes, with its variants and its event.
func (s *Store) queue(ctx context.Context, b *pgx.Batch, one *planned) error {
	p, now, what := &one.Product, s.now(), "updated"
	p.UpdatedAt = now
	if one.before == nil {
		what, p.CreatedAt = "created", now
		b.Queue(`insert into products (id, merchant_id, name, description, category, price_ttc, vat_rate, stock_quantity, is_available, search_key, sku, ean, low_stock_at,
			created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, nullif($13, 0), $14, $14)`,
			p.ID, p.MerchantID, p.Name, p.Description, p.Category, p.Price, p.VATPerMill, p.Stock, p.Available, p.searchKey(), p.SKU, p.EAN, p.LowStockAt, now)
	} else if one.changed() {
		b.Queue(`update products set name = $2, description = $3, category = $4, price_ttc = $5, vat_rate = $6, stock_quantity = $7, is_available = $8,
			search_key = $9, sku = $10, ean = $11, low_stock_at = nullif($12, 0), updated_at = $13 where id = $1`,
			p.ID, p.Name, p.Description, p.Category, p.Price, p.VATPerMill, p.Stock, p.Available, p.searchKey(), p.SKU, p.EAN, p.LowStockAt, now)
	}
	for i := range p.Variants {
		if _, named := one.variants[i]; !named || !one.variantChanged(i) {
			continue
		}
		v := p.Variants[i]
		b.Queue(`insert into product_variants (id, merchant_id, product_id, position, name, attributes, sku, ean, price_ttc, stock_quantity, low_stock_at, is_available,
				created_at, updated_at)
			values ($1, $2, $3, (select coalesce(max(position), 0) + 1 from product_variants where product_id = $3), $4, $5, $6, $7, $8, $9, nullif($10, 0), $11, $12, $12)
			on conflict (id) do update set name = $4, sku = $6, ean = $7, price_ttc = $8, stock_quantity = $9, low_stock_at = nullif($10, 0), is_available = $11,
				updated_at = $12`,
			v.ID, v.MerchantID, v.ProductID, v.Name, v.Attributes, v.SKU, v.EAN, v.Price, v.Stock, v.LowStockAt, v.Available, now)
	}
	e, err := productEvent(one.total(), what, now)
	if err == nil {
		outbox.Queue(ctx, b, e)
	}
	return err
}

// total is the product with the stock of its variants together, as the database has it.
func (one *planned) total() Product {
	p := one.Product
	if len(p.Variants) > 0 {
		sum := int32(0)
		for _, v := range p.Variants {
			sum = min(sum+v.Stock, MaxStock)
		}
		p.Stock = sum
	}
	return p
}

// exportAtOnce is how many products an export reads at a time.
const exportAtOnce = 500

// Each calls do with every product of a merchant, in the order of the menu.
func Each(ctx context.Context, db pg.Reader, merchantID string, do func(Product) error) error {
	var last Product
	for more := true; more; {
		list, err := products(ctx, db, `select `+columns+` from products where merchant_id = $1 and (category collate "C", position, search_key, id) > ($2, $3, $4, $5)
			order by category collate "C", position, search_key, id limit $6`, merchantID, last.Category, positionAfter(last), last.searchKey(), idAfter(last), exportAtOnce)
		if err != nil {
			return fmt.Errorf("read catalog: %w", err)
		}
		for _, p := range list {
			if err := do(p); err != nil {
				return err
			}
		}
		if more = len(list) == exportAtOnce; more {
			last = list[len(list)-1]
		}
	}
	return nil
}

// positionAfter is below all positions for no product.
func positionAfter(p Product) int32 {
	if p.ID == "" {
		return -1
	}
	return p.Position
}

// idAfter is below all ids for no product.
func idAfter(p Product) string {
	if p.ID == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return p.ID
}
