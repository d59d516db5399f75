package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/vault"
)

// db is the pool or a transaction.
type db interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// insert stores a new session and removes those that have expired.
func (s *Store) insert(ctx context.Context, session *Session) error {
	sealed, err := s.seal(session)
	if err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, `delete from sessions where expires_at < $1`, session.CreatedAt); err != nil {
		return fmt.Errorf("remove old sessions: %w", err)
	}
	_, err = s.pool.Exec(ctx, `insert into sessions (id, user_id, email, name, role, merchant_id, livemode, key_id, sealed, token_expires, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		session.id, session.UserID, session.Email, session.Name, session.Role, session.MerchantID, session.Livemode,
		sealed.KeyID, sealed.Data, session.tokenExpires, session.CreatedAt, session.ExpiresAt)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// read returns the session of that id, or ErrEnded.
func (s *Store) read(ctx context.Context, q db, id []byte, lock string) (*Session, error) {
	session := &Session{id: id}
	var sealed vault.Sealed
	err := q.QueryRow(ctx, `select user_id, email, name, role, merchant_id, livemode, key_id, sealed, token_expires, created_at, expires_at
		from sessions where id = $1 and expires_at > $2`+lock, id, s.now().UTC()).
		Scan(&session.UserID, &session.Email, &session.Name, &session.Role, &session.MerchantID, &session.Livemode,
			&sealed.KeyID, &sealed.Data, &session.tokenExpires, &session.CreatedAt, &session.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrEnded
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return session, s.unseal(session, sealed)
}

func (s *Store) saveTokens(ctx context.Context, q db, session *Session) error {
	sealed, err := s.seal(session)
	if err != nil {
		return err
	}
	if _, err := q.Exec(ctx, `update sessions set key_id = $2, sealed = $3, token_expires = $4 where id = $1`,
		session.id, sealed.KeyID, sealed.Data, session.tokenExpires); err != nil {
		return fmt.Errorf("store tokens: %w", err)
	}
	return nil
}

func (s *Store) saveMode(ctx context.Context, session *Session) error {
	if _, err := s.pool.Exec(ctx, `update sessions set livemode = $2 where id = $1`, session.id, session.Livemode); err != nil {
		return fmt.Errorf("store mode: %w", err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, q db, id []byte) error {
	if _, err := q.Exec(ctx, `delete from sessions where id = $1`, id); err != nil {
		return fmt.Errorf("remove session: %w", err)
	}
	return nil
}
