package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
)

// refreshToken is a row of refresh_tokens. Family is one login with all that was refreshed from it.
type refreshToken struct {
	Family string
	UserID string
	Ends   time.Time
	Used   *time.Time
}

func insertToken(ctx context.Context, tx pg.DB, token string, t refreshToken, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into refresh_tokens (hash, family, user_id, created_at, expires_at) values ($1, $2, $3, $4, $5)`,
		hashing.Sum(token), t.Family, t.UserID, now, t.Ends)
	if err != nil {
		return fmt.Errorf("insert refresh token: %w", err)
	}
	return nil
}

// findToken returns nil for a token that does not exist.
func findToken(ctx context.Context, db pg.DB, token string) (*refreshToken, error) {
	var t refreshToken
	err := db.QueryRow(ctx, `select family::text, user_id::text, expires_at, used_at from refresh_tokens where hash = $1`, hashing.Sum(token)).
		Scan(&t.Family, &t.UserID, &t.Ends, &t.Used)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read refresh token: %w", err)
	}
	return &t, nil
}

// useToken reports whether the token could be used: once, and not after its end.
func useToken(ctx context.Context, tx pg.DB, token string, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `update refresh_tokens set used_at = $2 where hash = $1 and used_at is null and expires_at > $2`,
		hashing.Sum(token), now)
	if err != nil {
		return false, fmt.Errorf("use refresh token: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func purgeTokens(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from refresh_tokens where expires_at < $1`, now); err != nil {
		return fmt.Errorf("purge refresh tokens: %w", err)
	}
	return nil
}
