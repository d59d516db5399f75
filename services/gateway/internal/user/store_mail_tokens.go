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

// The purposes of tokens in mails.
const purposeReset = "reset"

// resetLife is how long a link for a new password is good.
const resetLife = 30 * time.Minute

// newMailToken makes a token for the user. Earlier ones of the purpose end: only the latest mail counts.
func (u *Users) newMailToken(ctx context.Context, tx pg.DB, userID, purpose string, life time.Duration) (string, error) {
	now := u.instant()
	if err := dropMailTokens(ctx, tx, userID, purpose); err != nil {
		return "", err
	}
	token := hashing.Token()
	_, err := tx.Exec(ctx, `insert into mail_tokens (hash, user_id, purpose, created_at, expires_at) values ($1, $2, $3, $4, $5)`,
		hashing.Sum(token), userID, purpose, now, now.Add(life))
	if err != nil {
		return "", fmt.Errorf("insert token: %w", err)
	}
	return token, nil
}

// mailTokenUser returns whose token it is; empty when there is none for the purpose, or its time is over.
func mailTokenUser(ctx context.Context, db pg.DB, token, purpose string, now time.Time) (string, error) {
	var id string
	err := db.QueryRow(ctx, `select user_id::text from mail_tokens where hash = $1 and purpose = $2 and expires_at > $3`, hashing.Sum(token), purpose, now).
		Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return id, nil
}

// useMailToken uses the token up; false when somebody was faster.
func useMailToken(ctx context.Context, tx pg.DB, token string) (bool, error) {
	tag, err := tx.Exec(ctx, `delete from mail_tokens where hash = $1`, hashing.Sum(token))
	if err != nil {
		return false, fmt.Errorf("use token: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func dropMailTokens(ctx context.Context, tx pg.DB, userID, purpose string) error {
	if _, err := tx.Exec(ctx, `delete from mail_tokens where user_id = $1 and purpose = $2`, userID, purpose); err != nil {
		return fmt.Errorf("drop tokens: %w", err)
	}
	return nil
}

func purgeMailTokens(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from mail_tokens where expires_at < $1`, now); err != nil {
		return fmt.Errorf("purge tokens: %w", err)
	}
	return nil
}
