package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
)

// factor is a row of factors.
type factor struct {
	sealed    vault.Sealed
	confirmed *time.Time
}

// readFactor returns nil for a user who has none, and has begun none.
func readFactor(ctx context.Context, db pg.DB, userID string) (*factor, error) {
	var f factor
	err := db.QueryRow(ctx, `select key_id, secret, confirmed_at from factors where user_id = $1`, userID).Scan(&f.sealed.KeyID, &f.sealed.Data, &f.confirmed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read second factor: %w", err)
	}
	return &f, nil
}

// beginFactor stores a secret that is not confirmed yet, in place of another that is not; false when the user has a factor.
func beginFactor(ctx context.Context, tx pg.DB, userID string, sealed vault.Sealed, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into factors (user_id, key_id, secret, created_at) values ($1, $2, $3, $4)
		on conflict (user_id) do update set key_id = excluded.key_id, secret = excluded.secret, created_at = excluded.created_at, last_step = 0
		where factors.confirmed_at is null`, userID, sealed.KeyID, sealed.Data, now)
	if err != nil {
		return false, fmt.Errorf("store second factor: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func confirmFactor(ctx context.Context, tx pg.DB, userID string, now time.Time) error {
	if _, err := tx.Exec(ctx, `update factors set confirmed_at = $2 where user_id = $1 and confirmed_at is null`, userID, now); err != nil {
		return fmt.Errorf("confirm second factor: %w", err)
	}
	return nil
}

// useStep notes that a code was used; false for one that is not newer than the last.
func useStep(ctx context.Context, tx pg.DB, userID string, step int64) (bool, error) {
	tag, err := tx.Exec(ctx, `update factors set last_step = $2 where user_id = $1 and last_step < $2`, userID, step)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// deleteFactor reports whether there was a confirmed one.
func deleteFactor(ctx context.Context, tx pg.DB, userID string) (bool, error) {
	tag, err := tx.Exec(ctx, `delete from factors where user_id = $1 and confirmed_at is not null`, userID)
	if err != nil {
		return false, fmt.Errorf("delete second factor: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func deleteRecoveryCodes(ctx context.Context, tx pg.DB, userID string) error {
	if _, err := tx.Exec(ctx, `delete from recovery_codes where user_id = $1`, userID); err != nil {
		return fmt.Errorf("delete recovery codes: %w", err)
	}
	return nil
}

// factors are the kinds of second factors that a user has.
type factors struct{ app, passkey bool }

func (f factors) any() bool { return f.app || f.passkey }

func readFactors(ctx context.Context, db pg.DB, userID string) (f factors, err error) {
	err = db.QueryRow(ctx, `select exists (select from factors where user_id = $1 and confirmed_at is not null),
		exists (select from passkeys where user_id = $1)`, userID).Scan(&f.app, &f.passkey)
	if err != nil {
		return factors{}, fmt.Errorf("read second factors: %w", err)
	}
	return f, nil
}

// replaceRecoveryCodes makes new codes and ends the old ones.
func replaceRecoveryCodes(ctx context.Context, tx pg.DB, userID string, now time.Time) ([]string, error) {
	if err := deleteRecoveryCodes(ctx, tx, userID); err != nil {
		return nil, err
	}
	codes, hashes := make([]string, recoveryCodes), make([][]byte, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		hashes[i] = hashing.Sum(normalRecoveryCode(codes[i]))
	}
	_, err := tx.Exec(ctx, `insert into recovery_codes (user_id, hash, created_at) select $1, h, $3 from unnest($2::bytea[]) as h`, userID, hashes, now)
	if err != nil {
		return nil, fmt.Errorf("store recovery codes: %w", err)
	}
	return codes, nil
}

func useRecoveryCode(ctx context.Context, tx pg.DB, userID, code string) (bool, error) {
	tag, err := tx.Exec(ctx, `delete from recovery_codes where user_id = $1 and hash = $2`, userID, hashing.Sum(normalRecoveryCode(code)))
	if err != nil {
		return false, fmt.Errorf("use recovery code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func countRecoveryCodes(ctx context.Context, db pg.DB, userID string) (n int, err error) {
	if err := db.QueryRow(ctx, `select count(*) from recovery_codes where user_id = $1`, userID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return n, nil
}

func insertTicket(ctx context.Context, tx pg.DB, ticket, userID string, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into login_tickets (hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)`,
		hashing.Sum(ticket), userID, now, now.Add(ticketLife))
	if err != nil {
		return fmt.Errorf("insert login ticket: %w", err)
	}
	return nil
}

// tryTicket counts an attempt and returns whose ticket it is; empty for one that is over.
func tryTicket(ctx context.Context, db pg.DB, ticket string, now time.Time) (userID string, err error) {
	err = db.QueryRow(ctx, `update login_tickets set attempts = attempts + 1 where hash = $1 and expires_at > $2 and attempts < $3 returning user_id::text`,
		hashing.Sum(ticket), now, attemptsOfTicket).Scan(&userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("try login ticket: %w", err)
	}
	return userID, nil
}

// ownerOfTicket returns whose ticket it is, without counting a try; empty for one that is over.
func ownerOfTicket(ctx context.Context, db pg.DB, ticket string, now time.Time) (userID string, err error) {
	err = db.QueryRow(ctx, `select user_id::text from login_tickets where hash = $1 and expires_at > $2 and attempts < $3`,
		hashing.Sum(ticket), now, attemptsOfTicket).Scan(&userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read login ticket: %w", err)
	}
	return userID, nil
}

func useTicket(ctx context.Context, tx pg.DB, ticket string) (bool, error) {
	tag, err := tx.Exec(ctx, `delete from login_tickets where hash = $1`, hashing.Sum(ticket))
	if err != nil {
		return false, fmt.Errorf("use login ticket: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func purgeTickets(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from login_tickets where expires_at < $1`, now); err != nil {
		return fmt.Errorf("purge login tickets: %w", err)
	}
	return nil
}

// proveLogin notes that the user of a session has proven to be the user.
func proveLogin(ctx context.Context, tx pg.DB, sessionID string, now time.Time) error {
	if _, err := tx.Exec(ctx, `update sessions set proven_at = $2 where id = $1`, sessionID, now); err != nil {
		return fmt.Errorf("note the proof: %w", err)
	}
	return nil
}

// CheckKeys fails when the secret of login tokens is not one that sealed the second factors in the database.
func (u *Users) CheckKeys(ctx context.Context) error {
	return u.vault.Check(ctx, u.pool, `select key_id from factors limit 1`)
}

// KeysServer is the service that seals the secrets of second factors with the current key.
func (u *Users) KeysServer() *vault.Server {
	return vault.NewServer(u.vault, u.pool, u.log, Sealed()...)
}

// Sealed lists the columns that the vault seals.
func Sealed() []vault.Column {
	return []vault.Column{{
		Table: "factors", Key: []string{"user_id"}, KeyID: "key_id", Data: "secret", Owner: func(of []string) string { return of[0] },
	}}
}
