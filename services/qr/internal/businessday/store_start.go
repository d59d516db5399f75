package businessday

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// StartOf returns when a merchant wants its days to begin.
func StartOf(ctx context.Context, db pg.DB, merchantID string) (s Start, err error) {
	err = db.QueryRow(ctx, `select day_starts from till_settings where merchant_id = $1`, merchantID).Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		return Usual, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read when the day of %s begins: %w", merchantID, err)
	}
	return s, nil
}

// Set records when a merchant wants its days to begin.
func Set(ctx context.Context, db pg.DB, merchantID string, s Start, now time.Time) error {
	_, err := db.Exec(ctx, `insert into till_settings (merchant_id, day_starts, updated_at) values ($1, $2, $3)
		on conflict (merchant_id) do update set day_starts = excluded.day_starts, updated_at = excluded.updated_at`, merchantID, s, now)
	if err != nil {
		return fmt.Errorf("record when the day of %s begins: %w", merchantID, err)
	}
	return nil
}
