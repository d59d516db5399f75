package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

const (
	noun = "Product"
	// MaxProducts is the maximum per merchant, which also limits the cost of a search.
	MaxProducts = 10_000
)

// Store is the product store.
type Store struct {
	pool *pgxpool.Pool
	now  func() time.Time
	// wake notifies the relay of new events.
	wake func()
}

// NewStore returns a store for the pool. wake is called after each commit that recorded an event.
func NewStore(pool *pgxpool.Pool, now func() time.Time, wake func()) *Store {
	return &Store{pool: pool, now: func() time.Time { return now().UTC().Truncate(time.Microsecond) }, wake: wake}
}

const columns = `id::text, merchant_id::text, name, description, category, price_ttc, vat_rate, stock_quantity, image_url, is_available,
	allergens, created_at, updated_at, array(select group_id::text from product_option_groups where product_id = products.id order by position),
	sku, ean, coalesce(low_stock_at, 0), has_variants` + detailColumns

func scan(row pgx.CollectableRow) (Product, error) {
	var p Product
	err := row.Scan(append([]any{
		&p.ID, &p.MerchantID, &p.Name, &p.Description, &p.Category, &p.Price, &p.VATPerMill, &p.Stock, &p.ImageURL, &p.Available,
		&p.Allergens, &p.CreatedAt, &p.UpdatedAt, &p.Groups, &p.SKU, &p.EAN, &p.LowStockAt, &p.hasVariants,
	}, p.Details.columns()...)...)
	return p, err
}

// products runs a query for columns.
func products(ctx context.Context, db pg.Reader, sql string, args ...any) ([]Product, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, err
	}
	if list, err = withParts(ctx, db, list); err != nil {
		return nil, err
	}
	return list, readVariants(ctx, db, list)
}

// isID reports whether id has the form of our ids: a UUID in lower case.
func isID(id string) bool {
	return len(id) == 36 && id == strings.ToLower(id) && uuid.Validate(id) == nil
}

// Get returns a merchant's product, or NOT_FOUND.
func (s *Store) Get(ctx context.Context, merchantID, id string) (Product, error) {
	return readOne(ctx, s.pool, merchantID, id, "")
}

func readOne(ctx context.Context, db pg.DB, merchantID, id, lock string) (Product, error) {
	if !isID(id) {
		return Product{}, errs.NotFound(noun)
	}
	list, err := products(ctx, db, `select `+columns+` from products where id = $1 and merchant_id = $2 `+lock, id, merchantID)
	if err != nil {
		return Product{}, fmt.Errorf("read product: %w", err)
	}
	if len(list) == 0 {
		return Product{}, errs.NotFound(noun)
	}
	return list[0], nil
}

// Filter selects products of a merchant; nil and "" do not filter.
type Filter struct {
	Category  *string
	Search    string
	Available *bool
}

const matching = ` from products where merchant_id = $1 and ($2::text is null or category = $2)
	and ($3 = '' or search_key like $3) and ($4::boolean is null or is_available = $4)`

// List returns one page of the matching products by category, position and name, and the total. They are at most MaxProducts, so they are counted one by one.
func (s *Store) List(ctx context.Context, merchantID string, f Filter, page, limit int) ([]Product, int64, error) {
	args := []any{merchantID, f.Category, pattern(f.Search), f.Available}
	var total int64
	if err := s.pool.QueryRow(ctx, `select count(*)`+matching, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count products: %w", err)
	}
	list, err := products(ctx, s.pool, `select `+columns+matching+` order by category collate "C", position, search_key, id limit $5 offset $6`,
		append(args, limit, (page-1)*limit)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list products: %w", err)
	}
	return list, total, nil
}

// pattern returns a LIKE pattern for a search text, with its wildcards escaped.
func pattern(search string) string {
	key := plaintext.Key(search)
	if key == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(key) + "%"
}

// Create adds a product.
func (s *Store) Create(ctx context.Context, merchantID string, f Fields) (Product, error) {
	now := s.now()
	p := Product{
		ID: events.NewID(), MerchantID: merchantID, VATPerMill: vat.Standard, Stock: defaultStock, Available: true, CreatedAt: now, UpdatedAt: now,
		Details: Details{Kind: plain},
	}
	f.fill(&p)
	err := s.change(ctx, func(tx pgx.Tx) error {
		if err := f.lockChoices(ctx, tx, merchantID, ""); err != nil {
			return err
		}
		if err := f.lockGroups(ctx, tx, merchantID); err != nil {
			return err
		}
		if err := f.opening(now).Set(ctx, tx); err != nil {
			return err
		}
		// The lock on the version's row serialises the count.
		if err := Bump(ctx, tx, merchantID); err != nil {
			return err
		}
		var count int
		if err := tx.QueryRow(ctx, `select count(*) from products where merchant_id = $1`, merchantID).Scan(&count); err != nil {
			return fmt.Errorf("count products: %w", err)
		}
		if count >= MaxProducts {
			return errs.New(errs.InvalidState, "A catalog holds at most %d products. Delete what is no longer sold.", MaxProducts)
		}
		_, err := tx.Exec(ctx, `insert into products (id, merchant_id, name, description, category, price_ttc, vat_rate, stock_quantity, image_url,
			is_available, search_key, allergens, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
			p.ID, p.MerchantID, p.Name, p.Description, p.Category, p.Price, p.VATPerMill, p.Stock, p.ImageURL, p.Available, p.searchKey(), p.Allergens, now)
		if err != nil {
			return fmt.Errorf("insert product: %w", err)
		}
		if err := f.setDetails(ctx, tx, &p, nil); err != nil {
			return err
		}
		if err := f.saveCodes(ctx, tx, &p); err != nil {
			return err
		}
		if err := f.setGroups(ctx, tx, &p); err != nil {
			return err
		}
		if err := f.attach(ctx, tx, now); err != nil {
			return err
		}
		return announce(ctx, tx, p, "created", now)
	})
	return p, err
}

// Update changes the given fields of a merchant's product.
func (s *Store) Update(ctx context.Context, merchantID, id string, f Fields) (Product, error) {
	var p Product
	err := s.change(ctx, func(tx pgx.Tx) error {
		if err := f.lockChoices(ctx, tx, merchantID, id); err != nil {
			return err
		}
		var err error
		if p, err = readOne(ctx, tx, merchantID, id, "for update"); err != nil {
			return err
		}
		before := p.Parts
		if err := f.checkStockOf(p); err != nil {
			return err
		}
		f.fill(&p)
		if err := f.setDetails(ctx, tx, &p, before); err != nil {
			return err
		}
		if err := f.attach(ctx, tx, s.now()); err != nil {
			return err
		}
		if err := f.lockGroups(ctx, tx, merchantID); err != nil {
			return err
		}
		if err := f.setGroups(ctx, tx, &p); err != nil {
			return err
		}
		if err := f.saveShop(ctx, tx, &p, s.now()); err != nil {
			return err
		}
		if err := s.save(ctx, tx, &p); err != nil {
			return err
		}
		return stock.Announce(ctx, tx, merchantID, s.now())
	})
	return p, err
}

// save writes a product whose row tx has locked.
func (s *Store) save(ctx context.Context, tx pgx.Tx, p *Product) error {
	p.UpdatedAt = s.now()
	_, err := tx.Exec(ctx, `update products set name = $2, description = $3, category = $4, price_ttc = $5, vat_rate = $6, stock_quantity = $7,
		image_url = $8, is_available = $9, search_key = $10, updated_at = $11, allergens = $12 where id = $1`,
		p.ID, p.Name, p.Description, p.Category, p.Price, p.VATPerMill, p.Stock, p.ImageURL, p.Available, p.searchKey(), p.UpdatedAt, p.Allergens)
	if err != nil {
		return fmt.Errorf("update product: %w", err)
	}
	if err := Bump(ctx, tx, p.MerchantID); err != nil {
		return err
	}
	return announce(ctx, tx, *p, "updated", p.UpdatedAt)
}

// Delete permanently deletes a merchant's product.
func (s *Store) Delete(ctx context.Context, merchantID, id string) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		p, err := readOne(ctx, tx, merchantID, id, "for update")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from products where id = $1`, id); err != nil {
			return fmt.Errorf("delete product: %w", err)
		}
		if err := Bump(ctx, tx, merchantID); err != nil {
			return err
		}
		return announce(ctx, tx, p, "deleted", s.now())
	})
}

func (s *Store) change(ctx context.Context, do func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, s.pool, do); err != nil {
		return err
	}
	s.wake()
	return nil
}

// Bump increments the version of the merchant's menu, within the transaction that changes the menu. It locks the version's row
// until tx ends, so lock products first.
func Bump(ctx context.Context, tx pgx.Tx, merchantID string) error {
	_, err := tx.Exec(ctx, `insert into menu_versions (merchant_id, version) values ($1, 1)
		on conflict (merchant_id) do update set version = menu_versions.version + 1`, merchantID)
	if err != nil {
		return fmt.Errorf("increment the menu's version: %w", err)
	}
	return nil
}

// Version returns the version of the merchant's menu; 0 if it has never changed.
func (s *Store) Version(ctx context.Context, db pg.DB, merchantID string) (int64, error) {
	var version int64
	err := db.QueryRow(ctx, `select version from menu_versions where merchant_id = $1`, merchantID).Scan(&version)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read the menu's version: %w", err)
	}
	return version, nil
}

// announce records the product.<what> event in the transaction of the change. Products have no mode; their events are published
// as live ones, like those of merchants.
func announce(ctx context.Context, tx pg.DB, p Product, what string, now time.Time) error {
	e, err := productEvent(p, what, now)
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, e)
}

func productEvent(p Product, what string, now time.Time) (events.Event, error) {
	data, err := proto.Marshal(&eventsv1.ProductChanged{
		ProductId: p.ID, MerchantId: p.MerchantID, Name: p.Name, Category: p.Category, PriceTtcCents: int64(p.Price),
		VatRatePerMille: int32(p.VATPerMill), StockQuantity: p.Stock, ImageUrl: p.ImageURL, IsAvailable: p.Available, OccurredAt: timestamppb.New(now),
	})
	if err != nil {
		return events.Event{}, fmt.Errorf("encode product event: %w", err)
	}
	return events.Event{
		ID: events.NewID(), Type: "product." + what, Source: "qr", Merchant: p.MerchantID, Livemode: true, Time: now, Data: data,
	}, nil
}
