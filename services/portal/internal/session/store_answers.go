package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/vault"
)

// claim reports whether the caller is the first to send the form, or the one before it is lost. It removes what is old.
func (s *Store) claim(ctx context.Context, o Once, now time.Time) (bool, error) {
	if _, err := s.pool.Exec(ctx, `delete from answers where claimed_at < $1`, now.Add(-keepAnswer)); err != nil {
		return false, fmt.Errorf("remove old answers: %w", err)
	}
	tag, err := s.pool.Exec(ctx, `insert into answers (session, id, claimed_at) values ($1, $2, $3)
		on conflict (session, id) do update set claimed_at = $3 where answers.sealed is null and answers.claimed_at < $4`,
		o.session, o.id, now, now.Add(-2*AnswerLimit))
	if err != nil {
		return false, fmt.Errorf("claim a form: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// answer reads the first answer; without Data while there is none.
func (s *Store) answer(ctx context.Context, o Once) (vault.Sealed, error) {
	var sealed vault.Sealed
	err := s.pool.QueryRow(ctx, `select key_id, sealed from answers where session = $1 and id = $2`, o.session, o.id).Scan(&sealed.KeyID, &sealed.Data)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // it was released meanwhile
		return vault.Sealed{}, fmt.Errorf("read the answer to a form: %w", err)
	}
	return sealed, nil
}

func (o Once) open(sealed vault.Sealed) (*Answer, error) {
	plain, err := o.store.vault.Open(sealed, o.name())
	if err != nil {
		return nil, err
	}
	var a Answer
	if err := json.Unmarshal([]byte(plain), &a); err != nil {
		return nil, fmt.Errorf("read the answer to a form: %w", err)
	}
	return &a, nil
}

func (s *Store) keepAnswer(ctx context.Context, o Once, sealed vault.Sealed) error {
	if _, err := s.pool.Exec(ctx, `update answers set key_id = $3, sealed = $4 where session = $1 and id = $2`, o.session, o.id, sealed.KeyID, sealed.Data); err != nil {
		return fmt.Errorf("keep the answer to a form: %w", err)
	}
	return nil
}

func (s *Store) releaseAnswer(ctx context.Context, o Once) error {
	if _, err := s.pool.Exec(ctx, `delete from answers where session = $1 and id = $2 and sealed is null`, o.session, o.id); err != nil {
		return fmt.Errorf("release a form: %w", err)
	}
	return nil
}
