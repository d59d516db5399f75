package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// visit is a visit to the provider's page.
type visit struct {
	id uuid.UUID
	owner
	returnURL string
	expires   time.Time
	used      bool
	// connectionID is the connection that the visit created; empty when the customer declined.
	connectionID string
}

func (s *store) addVisit(ctx context.Context, v visit) error {
	_, err := s.pool.Exec(ctx, `insert into bank_visits (id, customer_id, livemode, return_url, expires_at) values ($1, $2, $3, $4, $5)`,
		v.id, v.customerID, v.livemode, v.returnURL, v.expires)
	if err != nil {
		return fmt.Errorf("store visit: %w", err)
	}
	return nil
}

// visit returns the visit that a state refers to. If it has been deleted, the state is invalid.
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

// useVisit ends a visit without linking anything. first is false when the visit had already ended.
func (s *store) useVisit(ctx context.Context, id uuid.UUID, now time.Time) (first bool, err error) {
	tag, err := s.pool.Exec(ctx, `update bank_visits set used_at = $2 where id = $1 and used_at is null`, id, now)
	if err != nil {
		return false, fmt.Errorf("end visit: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (s *store) deleteVisits(ctx context.Context, before time.Time) error {
	if _, err := s.pool.Exec(ctx, `delete from bank_visits where expires_at < $1`, before); err != nil {
		return fmt.Errorf("delete visits: %w", err)
	}
	return nil
}
