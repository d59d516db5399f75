package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

// Reserve takes pieces of a merchant's products out of the stock within tx and returns the products as they were sold,
// with the stock that is left, by id. items are quantities by product id. All or nothing: INVALID_STATE names the
// products that are not available or of which too few are left, NOT_FOUND is for what is not in the merchant's catalog.
// The rows are locked in the order of their ids, so that two orders never wait for each other; lock nothing of the
// catalog before.
func (s *Store) Reserve(ctx context.Context, tx pgx.Tx, merchantID string, items map[string]int) (map[string]Product, error) {
	ids, err := sorted(items)
	if err != nil {
		return nil, err
	}
	list, err := products(ctx, tx, `select `+columns+` from products where merchant_id = $1 and id = any($2::uuid[]) order by id for update`, merchantID, ids)
	if err != nil {
		return nil, fmt.Errorf("lock products: %w", err)
	}
	if len(list) < len(ids) {
		return nil, errs.NotFound(noun)
	}
	left := make([]int32, len(list))
	sold := make(map[string]Product, len(list))
	soldOut := false
	for i, p := range list {
		wanted := items[p.ID]
		switch {
		case !p.Available:
			return nil, errs.New(errs.InvalidState, "“%s” is not available. Remove it from the order.", p.Name)
		case wanted > int(p.Stock):
			return nil, errs.New(errs.InvalidState, "Only %d of “%s” are left. Order fewer.", p.Stock, p.Name)
		}
		p.Stock -= int32(wanted)
		left[i], sold[p.ID] = p.Stock, p
		soldOut = soldOut || p.Stock == 0
	}
	if err := setStock(ctx, tx, ids, left); err != nil {
		return nil, err
	}
	// The menu shows what is sold out, not how many are left: most orders leave it as it is.
	if soldOut {
		return sold, s.Bump(ctx, tx, merchantID)
	}
	return sold, nil
}

// GiveBack puts reserved pieces back within tx. Products that were deleted meanwhile are left out.
func (s *Store) GiveBack(ctx context.Context, tx pgx.Tx, items map[string]int) error {
	ids, err := sorted(items)
	if err != nil {
		return err
	}
	list, err := products(ctx, tx, `select `+columns+` from products where id = any($1::uuid[]) order by id for update`, ids)
	if err != nil {
		return fmt.Errorf("lock products: %w", err)
	}
	kept := make([]string, len(list))
	stock := make([]int32, len(list))
	again := map[string]bool{}
	for i, p := range list {
		kept[i], stock[i] = p.ID, int32(min(int(p.Stock)+items[p.ID], MaxStock))
		if p.Stock == 0 {
			again[p.MerchantID] = true
		}
	}
	if err := setStock(ctx, tx, kept, stock); err != nil {
		return err
	}
	for _, merchantID := range slices.Sorted(maps.Keys(again)) {
		if err := s.Bump(ctx, tx, merchantID); err != nil {
			return err
		}
	}
	return nil
}

// sorted are the ids in the order in which PostgreSQL sorts them.
func sorted(items map[string]int) ([]string, error) {
	for id, n := range items {
		if !isID(id) {
			return nil, errs.NotFound(noun)
		}
		if n < 1 || n > MaxStock {
			return nil, errs.Invalid(errs.Field{Field: "quantity", Message: fmt.Sprintf("quantity must be from 1 to %d.", MaxStock)})
		}
	}
	return slices.Sorted(maps.Keys(items)), nil
}

func setStock(ctx context.Context, tx pgx.Tx, ids []string, stock []int32) error {
	_, err := tx.Exec(ctx, `update products set stock_quantity = new.stock
		from unnest($1::uuid[], $2::integer[]) as new (id, stock) where products.id = new.id`, ids, stock)
	if err != nil {
		return fmt.Errorf("write stock: %w", err)
	}
	return nil
}
