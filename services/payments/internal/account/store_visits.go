package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// visit is one visit to the provider's page.
type visit struct {
	id uuid.UUID
	owner
	returnURL string
	expires   time.Time
	used      bool
	// connectionID is what the visit has linked; empty when the customer gave up.
	connectionID string
}

func (s *store) addVisit(ctx context.Context, v visit) error {
	_, err := s.pool.Exec(ctx, `insert into bank_visits (id, customer_id, livemode, return_url, expires_at) values ($1, $2, $3, $4, $5)`,
		v.id, v.customerID, v.livemode, v.returnURL, v.expires)
	if err != nil {
		return fmt.Errorf("keep visit: %w", err)
	}
	return nil
}

// visit finds what a state names. A signed state whose visit is gone is as good as none.
func (s *store) visit(ctx context.Context, id uuid.UUID) (visit, error) {
	v := visit{id: id}
	err := s.pool.QueryRow(ctx, `select customer_id::text, livemode, return_url, expires_at, used_at is not null, connection_id
		from bank_visits where id = $1`, id).Scan(&v.customerID, &v.livemode, &v.returnURL, &v.expires, &v.used, &v.connectionID)
	if errors.Is(err, pgx.ErrNoRows) {
		return visit{}, errBadState()
	}
	if err != nil {
		return visit{}, fmt.Errorf("read visit: %w", err)
	}
	return v, nil
}

// useVisit ends a visit that links nothing. first is false when it was over already.
func (s *store) useVisit(ctx context.Context, id uuid.UUID, now time.Time) (first bool, err error) {
	tag, err := s.pool.Exec(ctx, `update bank_visits set used_at = $2 where id = $1 and used_at is null`, id, now)
	if err != nil {
		return false, fmt.Errorf("end visit: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (s *store) forgetVisits(ctx context.Context, before time.Time) error {
	if _, err := s.pool.Exec(ctx, `delete from bank_visits where expires_at < $1`, before); err != nil {
		return fmt.Errorf("forget visits: %w", err)
	}
	return nil
}
