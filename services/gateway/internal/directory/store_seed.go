package directory

import (
	"context"
	"fmt"

	"european-pay.eu/eupay/internal/run/pg"
)

// lockSeed lets replicas that seed at the same moment take turns.
func lockSeed(ctx context.Context, tx pg.DB) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('gateway:seed'))`); err != nil {
		return fmt.Errorf("lock the seed: %w", err)
	}
	return nil
}
