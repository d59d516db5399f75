package kitchen

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/run/pg"
)

// oldest is the oldest transaction that runs: what all before it did can be seen. So whoever goes on from there misses no change, in whichever order
// transactions end, and may see one twice.
const oldest = `pg_snapshot_xmin(pg_current_snapshot())::text::bigint`

// changedKitchens returns which of the merchants have changes since the cursor, and the next cursor.
func changedKitchens(ctx context.Context, db pg.DB, merchants []string, since int64) (next int64, changed []string, err error) {
	err = db.QueryRow(ctx, `select `+oldest+`, array(select m from unnest($1::text[]) as m
			where exists (select from kitchen_orders k where k.merchant_id = m::uuid and k.changed_by >= $2))`, merchants, since).Scan(&next, &changed)
	if err != nil {
		return 0, nil, fmt.Errorf("look for changes in kitchens: %w", err)
	}
	return next, changed, nil
}

// changesOf returns the versions of at most limit orders of a merchant that changed since the cursor, and the next cursor.
func changesOf(ctx context.Context, db pg.DB, merchantID string, since int64, limit int) (next int64, versions map[string]int64, err error) {
	rows, err := db.Query(ctx, `select `+oldest+`, coalesce(k.order_id::text, ''), coalesce(k.version, 0) from (select 1) as one left join
			(select order_id, version from kitchen_orders where merchant_id = $1 and changed_by >= $2 order by changed_by limit $3) k on true`,
		merchantID, since, limit)
	if err != nil {
		return 0, nil, fmt.Errorf("read changes in a kitchen: %w", err)
	}
	defer rows.Close()
	versions = make(map[string]int64)
	for rows.Next() {
		var id string
		var version int64
		if err := rows.Scan(&next, &id, &version); err != nil {
			return 0, nil, fmt.Errorf("read changes in a kitchen: %w", err)
		}
		if id != "" {
			versions[id] = version
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, fmt.Errorf("read changes in a kitchen: %w", err)
	}
	return next, versions, nil
}
