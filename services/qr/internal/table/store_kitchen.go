package table

import (
	"context"

	"european-pay.eu/eupay/internal/run/pg"
)

// ordersWith returns the merchant's orders with these ids.
func ordersWith(ctx context.Context, db pg.Reader, merchantID string, ids []string) ([]*order, error) {
	return findOrders(ctx, db, `select `+orderColumns+` from orders where merchant_id = $1 and id = any($2::text[]::uuid[]) order by created_at, id`, merchantID, ids)
}
