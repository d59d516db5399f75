package merchant

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Publish announces the pending merchant whose first user has verified an address. Any other merchant stays as it is, and so does none.
func Publish(ctx context.Context, tx pgx.Tx, merchantID string, now time.Time) error {
	if merchantID == "" {
		return nil
	}
	tag, err := tx.Exec(ctx, `update merchants set pending = false where id = $1 and pending`, merchantID)
	if err != nil {
		return fmt.Errorf("publish merchant: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	m, err := Lock(ctx, tx, merchantID)
	if err != nil {
		return err
	}
	return announce(ctx, tx, m, "registered", now)
}

// holdBack makes the merchant pending: nobody else sees it until Publish.
func holdBack(ctx context.Context, tx pgx.Tx, merchantID string) error {
	if _, err := tx.Exec(ctx, `update merchants set pending = true where id = $1`, merchantID); err != nil {
		return fmt.Errorf("hold merchant back: %w", err)
	}
	return nil
}

// SetPendingEmail changes the address of a merchant that is pending. Any other merchant stays as it is.
func SetPendingEmail(ctx context.Context, tx pg.DB, id, email string) error {
	_, err := tx.Exec(ctx, `update merchants set email = $2 where id = nullif($1, '')::uuid and pending`, id, email)
	if err != nil {
		return fmt.Errorf("change email of the merchant: %w", err)
	}
	return nil
}
