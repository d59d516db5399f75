package account

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// lockSeed lets replicas that seed at the same moment take turns.
func lockSeed(ctx context.Context, tx pg.DB) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:seed'))`); err != nil {
		return fmt.Errorf("lock the seed: %w", err)
	}
	return nil
}

func resetDemoUser(ctx context.Context, tx pg.DB, id, hash string) error {
	if _, err := tx.Exec(ctx, `update users set password_hash = $2, disabled = false where id = $1`, id, hash); err != nil {
		return fmt.Errorf("reset demo user: %w", err)
	}
	return nil
}

// ensureDemoKey makes the key, or opens the one that is there again, and tells its id and whose it is.
func ensureDemoKey(ctx context.Context, tx pg.DB, merchantID string, d DemoKey, livemode bool, now time.Time) (id, owner string, err error) {
	err = tx.QueryRow(ctx, `insert into api_keys (id, merchant_id, public, livemode, name, scopes, per_minute, created_at)
		values ($1, $2, $3, $4, 'Demo', $5, $6, $7)
		on conflict (public) do update set revoked_at = null, expires_at = null, per_minute = excluded.per_minute
		returning id::text, merchant_id::text`,
		events.NewID(), merchantID, d.Public, livemode, rights.AllScopes, max(d.PerMinute, 1), now).Scan(&id, &owner)
	if err != nil {
		return "", "", fmt.Errorf("ensure demo key: %w", err)
	}
	return id, owner, nil
}
